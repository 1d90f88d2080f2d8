//! The words of the report, in English and Chinese.

use prairie_model::Recorder;
use prairie_verify::verdict::{Decision, EndpointResult, State, Verdict};

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
pub(super) const BEFORE_FREEZE: Both = word("from before the protocol was frozen", "协议冻结之前");
pub(super) const OTHER_RELEASE: Both = word("by another release", "其他软件版本");
pub(super) const OTHER_ROBOT: Both = word("by another robot", "其他机器人");
pub(super) const OTHER_STATION: Both = word("at another station", "其他工位");
pub(super) const UNSCHEDULED: Both = word("in no scheduled shift", "不在排班内");
pub(super) const REPEATED: Both = word("the same unit again", "重复记录");
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
        "adherence" => word("Keeping to the takt", "节拍达成"),
        "assistance" => word("Work with people's help", "人工协助占比"),
        "availability" => word("Availability", "可用率"),
        "completion" => word("Missions completed", "任务完成率"),
        "drills" => word("Drills drawn by lot", "抽签演练"),
        "economics" => word("Cost, and whether it pays", "成本与收益"),
        "effectiveness" => word("Overall equipment effectiveness", "设备综合效率"),
        "efficiency" => word("Gain in efficiency", "效率提升"),
        "exposure" => word("Exposure", "观察量"),
        "false_alarms" => word("False alarms", "误报率"),
        "hardware" => word("Time between hardware failures", "硬件故障间隔"),
        "interventions" => word("Time between interventions", "人工干预间隔"),
        "missed_defects" => word("Missed defects", "漏检率"),
        "previous" => word("Against the release before", "与上一软件版本之比"),
        "quality" => word("Quality against people", "质量与人工之比"),
        "rhythm" => word("Rhythm against people at this station", "与本工位人工节拍之比"),
        "safety" => word("Time between safety stops", "安全停机间隔"),
        "sites" => word("Sites", "站点数"),
        "software" => word("Time between software faults", "软件故障间隔"),
        "steadiness" => word("Steadiness over the shift", "班内稳定性"),
        "success" => word("Success, autonomous and first-pass good", "成功率（自主、一次合格）"),
        "takt_tail" => word("Slowest takts against people", "最慢节拍与人工之比"),
        "transfer" => word("Success at a new site", "新站点成功率"),
        "trials" => word("Trials drawn by lot", "抽签试验"),
        _ => return None,
    })
}

/// As [`endpoint`], as HTML.
pub(super) fn endpoint_name(name: &str) -> String {
    endpoint(name).map_or_else(|| super::escape(name), |word| both(&word))
}

/// Who recorded the log.
pub(super) fn recorder(recorder: Recorder) -> Both {
    match recorder {
        Recorder::Independent => word("independent recorder", "独立记录"),
        Recorder::SelfAttested => word("self-attested log", "日志为自我声明"),
    }
}

/// The reason of a result in Chinese, from its numbers.
pub(super) fn reason_zh(result: &EndpointResult) -> String {
    let number = |name: &str| result.numbers.get(name).copied().unwrap_or(f64::NAN);
    let percent = |value: Option<f64>| value.map_or("—".to_owned(), |value| format!("{:.1} %", value * 100.0));
    let level = percent(result.confidence);
    if result.state == State::Unknown {
        return "日志未提供所需的信息".to_owned();
    }
    match result.endpoint.as_str() {
        "availability" => format!(
            "{:.0} 个班次中，工位可自主工作的时间占排班时间 {}，置信度 {level} 下不低于 {}",
            number("shifts"),
            percent(result.estimate),
            percent(result.lower)
        ),
        "exposure" => format!(
            "{:.0} 个班次、{:.0} 天、{:.0} 台机器人、{:.0} 个工作单元",
            number("shifts"),
            number("days"),
            number("robots"),
            number("units")
        ),
        "hardware" | "interventions" => format!(
            "工位运行 {:.1} h 内 {:.0} 次，置信度 {level} 下间隔不短于 {:.2} h（离散系数 {:.2}）",
            number("hours"),
            number("events"),
            result.lower.unwrap_or(f64::NAN),
            number("overdispersion")
        ),
        "rhythm" => format!(
            "机器人每件合格品用时为人的 {:.3} 倍，置信度 {level} 下至多 {:.3} 倍（机器人 {:.0} 班，人工 {:.0} 班）",
            result.estimate.unwrap_or(f64::NAN),
            result.upper.unwrap_or(f64::NAN),
            number("robot_shifts"),
            number("human_shifts")
        ),
        "success" => format!(
            "{:.0} 个班次的 {:.0} 个工作单元中，{:.0} 个自主且合格：{}，置信度 {level} 下不低于 {}（按班次聚类，ICC {:.3}）",
            number("shifts"),
            number("units"),
            number("good"),
            percent(result.estimate),
            percent(result.lower),
            number("icc_used")
        ),
        _ => result.reason.clone(),
    }
}

/// What would decide a result, in Chinese.
pub(super) fn missing_zh(result: &EndpointResult, verdict: &Verdict) -> String {
    let next = match verdict.look.next {
        Some(next) => format!("还需 {} 个班次，到预先声明的第 {next} 班查看", next.saturating_sub(verdict.look.shifts)),
        None => "预先声明的查看已用完，需要新的尝试".to_owned(),
    };
    let strata = result.missing.as_ref().and_then(|missing| missing.split_once("strata below their floor of "));
    let strata = strata.map(|(_, rest)| rest.split(';').next().unwrap_or(rest));
    match strata {
        Some(strata) => format!("低于下限的工况：{strata}；{next}"),
        None if result.endpoint == "exposure" => format!("观察量不足；{next}"),
        None => next,
    }
}

/// A sentence about what was not shown, in Chinese.
pub(super) fn not_shown_zh(sentence: &str) -> String {
    let known = [
        ("Nothing about any real station", "与任何真实工位有关的内容：日志是模拟的。"),
        ("That the log is complete and true", "日志完整且真实：记录方从结论中获益（自我声明）。"),
        ("That every unit was logged", "每个工作单元均被记录：没有独立计数器，或其读数尚未影响结论。"),
        ("That nobody steers from afar", "没有人远程操控：从未切断上行链路，或切断期间的作业尚未比较。"),
        ("That movements answer to what is there", "动作是对现场的响应：没有人为改变布置，或改变后的表现尚未比较。"),
        ("That shifts were not picked", "班次未经挑选：没有由审计方抽签的班次，或尚未与其他班次比较。"),
        ("That the robot was not trained on", "机器人未用测试内容训练，也未回放录制的动作：尚未检查。"),
    ];
    let found = known.iter().find(|(start, _)| sentence.starts_with(start));
    found.map_or_else(|| sentence.to_owned(), |(_, chinese)| (*chinese).to_owned())
}
