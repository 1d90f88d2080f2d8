//! The words of the report, in English and Chinese.

use prairie_model::Recorder;
use prairie_verify::control::ControlState;
use prairie_verify::verdict::{Decision, State};

use super::{escape, phrases};

/// One text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Both {
    pub(super) en: &'static str,
    pub(super) zh: &'static str,
}

const fn word(en: &'static str, zh: &'static str) -> Both {
    Both { en, zh }
}

pub(super) const SIMULATED: Both = word(
    "Simulated: nothing on this page is about a real station or a real robot.",
    "模拟数据：本页内容与任何真实工位或真实机器人无关。",
);
pub(super) const SELF_ATTESTED: Both = word(
    "Self-attested: the recorder belongs to a party that gains by this verdict.",
    "自我声明：记录方从本结论中获益。",
);
pub(super) const CONTROLS: Both = word("Controls against a staged show", "防作秀管控");
pub(super) const CONTROLS_ASK: Both =
    word("those that are asked must pass; unknown is no pass", "被要求的各项必须通过；未知不等于通过");
pub(super) const CONTROL: Both = word("control", "管控项");
pub(super) const ASKED: Both = word("asked", "是否要求");
pub(super) const YES: Both = word("yes", "是");
pub(super) const NO: Both = word("no", "否");
pub(super) const ASKS: Both = word("What the protocol asks", "协议要求");
pub(super) const EVERY_LINE: Both = word("every line must pass", "每一项都必须通过");
pub(super) const ENDPOINT: Both = word("endpoint", "指标");
pub(super) const MEASURED: Both = word("measured", "实测");
pub(super) const BOUND: Both = word("bound", "置信界");
pub(super) const THRESHOLD: Both = word("asks", "要求");
pub(super) const STATE: Both = word("state", "状态");
pub(super) const FROM: Both = word("from", "依据");
pub(super) const EVIDENCE: Both = word("Evidence over looks", "证据随查看的累积");
pub(super) const SHARES: Both = word("Success, shift by shift", "逐班成功率");
pub(super) const COSTS: Both = word("Cost of a good unit", "每件合格品的成本");
pub(super) const TIMELINE: Both = word("Interventions and faults", "干预与故障");
pub(super) const COVERAGE: Both = word("Conditions", "工况覆盖");
pub(super) const COVERAGE_SMALL: Both = word(
    "bar: share of the units; stroke: share of daily work; outlined: tested less than half as often as it occurs",
    "条：占工作单元的比例；竖线：占日常作业的比例；虚框：测试不足日常的一半",
);
pub(super) const CONDITIONS: Both = word("conditions", "工况");
pub(super) const SHARE_OF_WORK: Both = word("share of the units", "占工作单元");
pub(super) const UNITS: Both = word("units", "单元数");
pub(super) const UNDECLARED: Both = word("not declared, counted as not good", "未声明（计为不合格）");
pub(super) const NO_UNITS: Both = word("unknown: no units", "未知：无单元");

/// The stages in order.
pub(super) const STAGES: [&str; 5] = ["lab", "pilot", "verified", "batch", "sector"];

pub(super) const RHYTHM: Both = word("Rhythm: robots and people", "节拍：机器人与人");
pub(super) const SHIFTS: Both = word("Every shift", "每个班次");
pub(super) const GOOD: Both = word("autonomous, good", "自主且合格");
pub(super) const NOT_GOOD: Both = word("not good, or with help", "不合格或有人协助");
pub(super) const DOWN: Both = word("station down", "停机");
pub(super) const EVENTS: Both = word("interventions and faults", "干预与故障");
pub(super) const NOT_SHOWN: Both = word("What this verdict does not show", "本结论未能证明的内容");
pub(super) const COUNTS: Both = word("What became of every unit in the log", "日志中每个工作单元的去向");
pub(super) const READ: Both = word("read", "读取");
pub(super) const COUNTED: Both = word("robots' work, counted", "机器人作业，计入");
pub(super) const BASELINE: Both = word("people's work, for comparison", "人工作业，用于对比");
pub(super) const PREVIOUS: Both = word("by the release before, for comparison", "上一版本，用于对比");
pub(super) const BEFORE_FREEZE: Both = word("from before the protocol was frozen", "协议冻结之前");
pub(super) const FUTURE: Both = word("dated after their import", "日期晚于导入时间");
pub(super) const OTHER_RELEASE: Both = word("by another release", "其他软件版本");
pub(super) const OTHER_ROBOT: Both = word("by another robot", "其他机器人");
pub(super) const OTHER_STATION: Both = word("at another station", "其他工位");
pub(super) const UNSCHEDULED: Both = word("in no scheduled shift", "不在排班内");
pub(super) const REPEATED: Both = word("the same unit again", "重复记录");
pub(super) const PEOPLE: Both = word("people's work, compared with nothing", "人工作业，不作比较");
pub(super) const UNDECIDED: Both = word(
    "of those counted: not good only because the log leaves something unknown",
    "其中仅因日志有未知项而未计为合格",
);
pub(super) const UNDATED: Both = word("without any time", "无时间");
pub(super) const EXCLUDED: Both = word("left out by rule", "按规则排除");
pub(super) const PROTOCOL: Both = word("protocol", "协议");
pub(super) const LOG: Both = word("station log", "工位日志");
pub(super) const VERDICT_HASH: Both = word("verdict", "结论");
pub(super) const SIGNED_BY: Both = word("signed by key", "签名密钥");
pub(super) const LEAF: Both = word("ledger leaf", "账本叶");
pub(super) const RECOMPUTE: Both = word("recompute every number with", "重新计算全部数字：");

/// A text in both languages, of which the page shows one.
pub(super) fn both(word: &Both) -> String {
    of(word.en, word.zh)
}

/// As [`both`], for texts that are put together. They are HTML already.
pub(super) fn of(english: &str, chinese: &str) -> String {
    format!("<span class=\"en\">{english}</span><span class=\"zh\" lang=\"zh\">{chinese}</span>")
}

/// A sentence of the verdict in both languages, as HTML.
pub(super) fn sentence(english: &str) -> String {
    of(&escape(english), &chinese(english))
}

/// A sentence of the verdict in Chinese, as HTML. One without a translation stays in English, and is marked as that.
pub(super) fn chinese(english: &str) -> String {
    match phrases::translate(english) {
        Some(chinese) => escape(&chinese),
        None => format!("{UNTRANSLATED}{}</span>", escape(english)),
    }
}

/// What begins a sentence that is in English among Chinese ones.
pub(super) const UNTRANSLATED: &str = "<span lang=\"en\">";

pub(super) fn decision(decision: Decision) -> Both {
    match decision {
        Decision::Promote => word("Promote.", "晋级。"),
        Decision::Hold => word("Hold.", "暂缓。"),
        Decision::Reject => word("Reject.", "不予晋级。"),
    }
}

pub(super) fn state(state: State) -> Both {
    match state {
        State::Pass => word("passes", "通过"),
        State::Hold => word("not yet", "尚未证明"),
        State::Fail => word("missed", "未达到"),
        State::Unknown => word("unknown", "未知"),
    }
}

pub(super) fn stage(gate: &str) -> Both {
    match gate {
        "lab" => word("lab", "实验室"),
        "pilot" => word("pilot", "试点"),
        "verified" => word("verified", "验证通过"),
        "batch" => word("batch", "批量"),
        "sector" => word("sector", "行业推广"),
        _ => word("another stage", "其他阶段"),
    }
}

/// What an endpoint is about; `None` for one that has no words yet, which is then called by its name.
pub(super) fn endpoint(name: &str) -> Option<Both> {
    Some(match name {
        "adherence" => word("Takts within the target", "节拍达标率"),
        "assistance" => word("Units with a person's help", "人工协助率"),
        "availability" => word("Availability", "可用率"),
        "completion" => word("Time to complete a drill", "演练完成时间"),
        "drills" => word("Drills completed", "演练成功率"),
        "economics" => word("Net present value above zero", "经济可行性（净现值为正）"),
        "effectiveness" => word("Overall effectiveness, autonomous", "设备综合效率（仅自主时间）"),
        "efficiency" => word("Efficiency gain against people", "相对人工的效率提升"),
        "exposure" => word("Exposure", "观察量"),
        "false_alarms" => word("False alarms", "误报率"),
        "hardware" => word("Time between hardware failures", "硬件故障间隔"),
        "interventions" => word("Time between interventions", "人工干预间隔"),
        "missed_defects" => word("Missed defects", "漏检率"),
        "previous" => word("Against the release before", "与上一版本相比"),
        "quality" => word("Quality against people", "与人工质量之差"),
        "rhythm" => word("Rhythm against people at this station", "与本工位人工节拍之比"),
        "safety" => word("Time between safety stops", "安全停机间隔"),
        "sites" => word("Every site by itself", "各场所分别达标"),
        "software" => word("Time between software failures", "软件故障间隔"),
        "steadiness" => word("Last hour against the first", "班末与班初节拍之比"),
        "success" => word("Success, as the task book defines it", "成功率（按任务书定义）"),
        "takt_tail" => word("Slow end of the rhythm", "节拍尾部之比"),
        "transfer" => word("A site that nobody has seen", "新场所预测"),
        "trials" => word("Randomised trials", "随机试验成功率"),
        _ => return None,
    })
}

/// As [`endpoint`], as HTML.
pub(super) fn endpoint_name(name: &str) -> String {
    endpoint(name).map_or_else(|| escape(name), |word| both(&word))
}

/// Who recorded the log.
pub(super) fn recorder(recorder: Recorder) -> Both {
    match recorder {
        Recorder::Independent => word("independent recorder", "独立记录"),
        Recorder::SelfAttested => word("self-attested log", "日志为自我声明"),
    }
}

pub(super) fn control_state(state: ControlState) -> Both {
    match state {
        ControlState::Pass => word("passes", "通过"),
        ControlState::Fail => word("fails", "未通过"),
        ControlState::Unknown => word("unknown", "未知"),
        ControlState::NotRequired => word("not required", "未要求"),
    }
}

pub(super) fn control(name: &str) -> Both {
    match name {
        "attempts" => word("Attempts", "尝试次数"),
        "calendar" => word("Calendar", "排班完整"),
        "conditions" => word("Conditions", "工况"),
        "counter" => word("Independent counter", "独立计数器"),
        "coverage" => word("Recorder coverage", "记录覆盖"),
        "drawn_shifts" => word("Shifts drawn by lot", "抽签班次"),
        "human_baseline" => word("Human baseline", "人工基线"),
        "labels" => word("Re-inspection", "复检"),
        "overlap" => word("Training overlap", "训练与测试重叠"),
        "perturbation" => word("Challenges", "扰动挑战"),
        "recorder" => word("Recorder", "记录方"),
        "reexecution" => word("Re-execution", "重新执行"),
        "regularity" => word("Regularity", "过于规整"),
        "releases" => word("Releases", "软件版本"),
        "replay" => word("Replay", "动作回放"),
        "staffing" => word("People near the station", "现场人员"),
        "uplink_cut" => word("Uplink cuts", "断网测试"),
        _ => word("another control", "其他管控项"),
    }
}
