//! The words of the report, in English and Chinese.

use prairie_model::Recorder;
use prairie_verify::bound::Side;
use prairie_verify::control::{ControlResult, ControlState};
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
pub(super) const OTHER_RELEASE: Both = word("by another release", "其他软件版本");
pub(super) const OTHER_ROBOT: Both = word("by another robot", "其他机器人");
pub(super) const OTHER_STATION: Both = word("at another station", "其他工位");
pub(super) const UNSCHEDULED: Both = word("in no scheduled shift", "不在排班内");
pub(super) const REPEATED: Both = word("the same unit again", "重复记录");
pub(super) const PEOPLE: Both = word("people's work, compared with nothing", "人工作业，不作比较");
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
        "hardware" | "interventions" | "safety" | "software" => format!(
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
        _ => other_reason_zh(result, &level),
    }
}

/// A value in its unit.
fn value_zh(value: Option<f64>, unit: &str) -> String {
    super::measured(value, unit)
}

/// The reason of an endpoint without a sentence of its own: estimate, bound and what is asked.
fn other_reason_zh(result: &EndpointResult, level: &str) -> String {
    let upper = result.side == Side::Upper;
    let bound = value_zh(if upper { result.upper } else { result.lower }, &result.unit);
    let sentence = format!("实测 {}", value_zh(result.estimate, &result.unit));
    if result.confidence.is_none() {
        return sentence;
    }
    let word = if upper { "不高于" } else { "不低于" };
    format!("{sentence}，置信度 {level} 下{word} {bound}")
}

/// A note in Chinese, where it is one of those that are known.
pub(super) fn note_zh(note: &str) -> String {
    let known = [
        ("gain = good units", "效率提升 = 机器人每工位小时合格数 ÷ 人工每工位小时合格数 − 1"),
        ("successive shifts are alike", "相邻班次相似（一阶自相关偏高）：班次可能不独立，宜以周为聚类单位"),
        ("events become rarer", "事件逐渐减少：采用 Crow 模型的期末下界，而非平均值"),
        ("the rhythm of whole shifts became slower", "班次节拍有变慢的趋势"),
        ("the log keeps no events", "日志未记录事件：只计入有人协助的工作单元"),
    ];
    let found = known.iter().find(|(start, _)| note.starts_with(start));
    found.map_or_else(|| note.to_owned(), |(_, chinese)| (*chinese).to_owned())
}

/// What would decide a result, in Chinese.
pub(super) fn missing_zh(result: &EndpointResult, verdict: &Verdict) -> String {
    let next = match verdict.look.next {
        Some(next) => format!("还需 {} 个班次，到预先声明的第 {next} 班查看", next.saturating_sub(verdict.look.shifts)),
        None => "预先声明的查看已用完，需要新的尝试".to_owned(),
    };
    let own = result.missing.as_deref().unwrap_or_default();
    let strata = own.split_once("strata below their floor of ");
    if let Some((_, rest)) = strata {
        format!("低于下限的工况：{}；{next}", rest.split(';').next().unwrap_or(rest))
    } else if result.endpoint == "exposure" {
        format!("观察量不足；{next}")
    } else if own.contains("wear blocks") {
        format!("事件越来越频繁（磨损），在查明之前不予晋级；{next}")
    } else if own.contains("declared look") || own.contains("new attempt") {
        next
    } else {
        // What only this endpoint misses is said in its own words.
        own.to_owned()
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

/// The reason of a control in Chinese, from its numbers.
pub(super) fn control_zh(result: &ControlResult) -> String {
    if result.numbers.is_empty() {
        return match (result.control.as_str(), result.state) {
            ("recorder", ControlState::Pass) => "每份日志均声明由独立记录方记录".to_owned(),
            ("recorder", _) => "自我声明：记录方从结论中获益".to_owned(),
            (_, ControlState::Fail) => "与事先公布的内容不符".to_owned(),
            _ => "日志未提供所需的信息".to_owned(),
        };
    }
    let number = |name: &str| result.numbers.get(name).copied().unwrap_or(f64::NAN);
    let percent = |name: &str| format!("{:.1} %", 100.0 * number(name));
    let limit = result.limit.map_or("—".to_owned(), |limit| format!("{:.1} %", 100.0 * limit));
    match result.control.as_str() {
        "attempts" => format!(
            "为这些工位和此关口已冻结 {:.0} 份协议，本协议按第 {:.0} 次尝试计 α",
            number("registered"),
            number("attempt")
        ),
        "calendar" => format!(
            "排班之外有 {:.0} 个工作单元，占 {}（上限 {limit}）；{:.0} 个班次中 {:.0} 个未作业，照常计入",
            number("beside"),
            percent("beside_share"),
            number("shifts"),
            number("not_worked")
        ),
        "conditions" => format!(
            "工况比例与声明重合 {:.2}；独立传感器核对 {:.0} 个，{:.0} 个不符",
            number("overlap"),
            number("witnessed"),
            number("mislabelled")
        ),
        "counter" => format!(
            "计数器计得 {:.0}，日志记有 {:.0}，相差 {}（上限 {limit}）；{:.0} 个缺失单元按不合格计",
            number("counted"),
            number("logged"),
            percent("share"),
            number("imputed")
        ),
        "coverage" => {
            format!("记录心跳覆盖排班时间 {:.2} %，最长中断 {:.0} s", 100.0 * number("covered"), number("gap_max_s"))
        }
        "drawn_shifts" => format!(
            "{:.0} 个班次中抽中 {:.0} 个：合格率 {}，其余 {}",
            number("shifts"),
            number("drawn"),
            percent("drawn_good"),
            percent("others_good")
        ),
        "human_baseline" => format!("人工基线用时为台账的 {:.3} 倍，至多 {:.3} 倍", number("ratio"), number("upper")),
        "labels" => format!(
            "抽检 {:.0} 个合格单元，{:.0} 个实为不合格，误判率至多 {}（上限 {limit}）",
            number("inspected"),
            number("bad"),
            percent("upper")
        ),
        "overlap" => format!(
            "比较 {:.0} 个单元，{:.0} 个与训练数据近乎相同，至多 {}（上限 {limit}）",
            number("compared"),
            number("near"),
            percent("upper")
        ),
        "perturbation" => format!(
            "{:.0} 次扰动中 {:.0} 次合格，不低于 {}（要求 {limit}）",
            number("challenges"),
            number("good"),
            percent("lower")
        ),
        "reexecution" => format!(
            "重新执行 {:.0} 个单元，{:.0} 个与所声明版本不符，至多 {}（上限 {limit}）",
            number("units"),
            number("mismatched"),
            percent("upper")
        ),
        "regularity" => {
            format!("班次间差异的 χ² 为 {:.1}（自由度 {:.0}）", number("statistic"), number("degrees_of_freedom"))
        }
        "releases" => format!(
            "其他或未注明版本的单元 {:.0} 个，占 {}；成功率突变 p {:.4}，节拍突变 p {:.4}",
            number("other"),
            percent("other_share"),
            number("p_success"),
            number("p_rhythm")
        ),
        "replay" => format!(
            "比较 {:.0} 个动作，{:.0} 个比自然重复更相似，至多 {}（上限 {limit}）",
            number("moved"),
            number("near"),
            percent("upper")
        ),
        "staffing" => format!("现场平均 {:.2} 人，每单元 {:.2} 人分钟", number("people"), number("minutes_per_unit")),
        "uplink_cut" => format!(
            "{:.0} 次断网期间 {:.0} 个单元中 {:.0} 个合格（{}），其余为 {}；{:.0} 次在恢复前无合格品",
            number("blocks"),
            number("units"),
            number("good"),
            percent("good_share"),
            percent("others_share"),
            number("failed")
        ),
        _ => result.reason.clone(),
    }
}

/// A sentence about what was not shown, in Chinese.
pub(super) fn not_shown_zh(sentence: &str) -> String {
    let known = [
        ("Nothing about any real station", "与任何真实工位有关的内容：日志是模拟的。"),
        (
            "That nobody cheated",
            "无人作弊：每个管控项都写明它不能证明什么，合在一起也不能证明更多（`prairie explain 管控项`）。",
        ),
        ("That this is the only attempt", "这是唯一一次尝试。"),
        ("That no shift was left out", "没有遗漏班次。"),
        ("That work was done under the conditions", "作业工况与实际发生的一致。"),
        ("That every unit was logged", "每个工作单元均被记录。"),
        ("That the recorder was on", "记录器始终开启。"),
        ("That shifts were not picked", "班次未经挑选。"),
        ("That people were not slow", "测量期间人员未故意放慢。"),
        ("That units called good are good", "标为合格的单元确实合格。"),
        ("That the robot was not trained on", "机器人未用测试内容训练。"),
        ("That movements answer to what is there", "动作是对现场的响应。"),
        ("That the log is complete and true", "日志完整且真实：记录方从结论中获益（自我声明）。"),
        ("That the attested release moved", "驱动机器人的是所声明的版本。"),
        ("That the log is not made up", "日志不是编造的。"),
        ("That one release did all the work", "全部作业由同一版本完成。"),
        ("That no recorded movement", "没有回放录制的动作。"),
        ("That the station ran with the people", "工位仅由声明的人员运行。"),
        ("That nobody steers from afar", "没有人远程操控。"),
    ];
    let found = known.iter().find(|(start, _)| sentence.starts_with(start));
    found.map_or_else(|| sentence.to_owned(), |(_, chinese)| (*chinese).to_owned())
}
