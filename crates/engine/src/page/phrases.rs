//! The sentences of a verdict in Chinese: reasons, what is missing, notes, and what was not shown.
//!
//! ```text
//!   sentence ─ the template with the most letters of its own ─▶ what varies: numbers, names, sentences ─▶ Chinese
//! ```
//!
//! The engine says everything in English, with its numbers in place. A template is such a sentence with holes: `{}` for
//! a number; `{part}` for a number, the name of an endpoint, or a sentence that has a template itself; `{text}` for
//! words of a task book or a log, which stay as they are. The Chinese fills its holes in the same order, or by number,
//! from `{0}`. Sentences that are joined by `; `, and lists that are joined by `, `, are translated part by part.
//!
//! **Invariant:** nothing is translated in half. A sentence with a part that has no template has no translation, so
//! that the page can say in which language it is.

use std::cmp::Reverse;
use std::sync::LazyLock;

use super::words;

/// How deep sentences hold sentences: what is not shown, a reason in it, an error in that, what is allowed in that; and
/// lists.
const DEPTH_MAX: u32 = 6;

/// Letters that are compared with the templates for one sentence at most. A usual one has some thousand, and one about
/// a thousand sites has fewer than this; names that somebody chose to make it slow have more, and stay in English.
const LETTERS_MAX: usize = 500_000;

/// The sentence in Chinese; `None` where a part of it has no template.
pub(super) fn translate(english: &str) -> Option<String> {
    Translation { letters: 0 }.sentence(english, 0)
}

/// One translation under way.
struct Translation {
    /// Compared so far.
    letters: usize,
}

impl Translation {
    fn sentence(&mut self, english: &str, depth: u32) -> Option<String> {
        if depth > DEPTH_MAX {
            return None;
        }
        // Parts first: a template whose last hole takes all that follows would hold a sentence within each sentence.
        self.parts(english, "; ", "；", depth)
            .or_else(|| self.whole(english, depth))
            .or_else(|| self.parts(english, ", ", "、", depth))
    }

    /// By one template.
    fn whole(&mut self, english: &str, depth: u32) -> Option<String> {
        self.letters = self.letters.saturating_add(english.len());
        if self.letters > LETTERS_MAX {
            return None;
        }
        TEMPLATES.iter().find_map(|template| {
            let mut found = Vec::new();
            self.fill(&template.pieces, english, depth, &mut found).then(|| filled(template.chinese, &found))
        })
    }

    /// Part by part, each by one template and as short as it can be.
    fn parts(&mut self, english: &str, joint: &str, chinese_joint: &str, depth: u32) -> Option<String> {
        let (mut chinese, mut rest) = (String::new(), english);
        loop {
            // Never within a name.
            let mut joints =
                rest.match_indices(joint).filter(|(at, _)| rest[..*at].matches('`').count().is_multiple_of(2));
            let first = joints.find_map(|(at, _)| Some((self.whole(&rest[..at], depth)?, at + joint.len())));
            let Some((part, end)) = first else { break };
            chinese += &part;
            chinese += chinese_joint;
            rest = &rest[end..];
        }
        // Without a joint it is no list.
        if chinese.is_empty() { None } else { Some(chinese + &self.whole(rest, depth)?) }
    }

    /// Whether the text has these pieces and nothing else; what is in the holes is added to `found`, in Chinese.
    fn fill(&mut self, pieces: &[Piece], text: &str, depth: u32, found: &mut Vec<String>) -> bool {
        match pieces {
            _ if !may_be(pieces, text) => false,
            [] => text.is_empty(),
            [Piece::Literal(literal), rest @ ..] => self.fill(rest, &text[literal.len()..], depth, found),
            [hole, rest @ ..] => {
                let ends: Vec<usize> = match rest.first() {
                    Some(Piece::Literal(literal)) => text.match_indices(literal).map(|(at, _)| at).collect(),
                    _ => vec![text.len()],
                };
                ends.into_iter().any(|end| {
                    // A name ends at its backtick.
                    let ended =
                        matches!(hole, Piece::Text) && text[end..].starts_with('`') && text[..end].contains('`');
                    if ended || !may_be(rest, &text[end..]) {
                        return false;
                    }
                    let Some(words) = self.in_hole(*hole, &text[..end], depth) else { return false };
                    found.push(words);
                    let fits = self.fill(rest, &text[end..], depth, found);
                    if !fits {
                        found.pop();
                    }
                    fits
                })
            }
        }
    }

    /// What a hole takes, in Chinese.
    fn in_hole(&mut self, hole: Piece, english: &str, depth: u32) -> Option<String> {
        match hole {
            Piece::Text => Some(english.to_owned()),
            _ if is_number(english) => Some(english.to_owned()),
            Piece::Part => match words::endpoint(english) {
                Some(endpoint) => Some(endpoint.zh.to_owned()),
                None => self.sentence(english, depth + 1),
            },
            Piece::Number | Piece::Literal(_) => None,
        }
    }
}

/// Whether it is a number as the engine writes one, with its sign, its percent mark, or its exponent.
fn is_number(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_digit() || "+-−.,e %".contains(letter);
    let digits =
        text.contains(|letter: char| letter.is_ascii_digit()) && text.chars().all(plain) && text.trim() == text;
    (digits && !text.contains(", ")) || matches!(text.trim_start_matches(['+', '-']), "inf" | "NaN")
}

/// The Chinese of a template with what its holes hold.
fn filled(chinese: &str, found: &[String]) -> String {
    let (mut text, mut rest) = (String::new(), chinese);
    for next in 0.. {
        let Some((before, (place, after))) = rest.split_once('{').and_then(|(a, b)| Some((a, b.split_once('}')?)))
        else {
            break;
        };
        text += before;
        // A hole without a number takes the next.
        text += found.get(place.parse().unwrap_or(next)).map_or("", String::as_str);
        rest = after;
    }
    text + rest
}

/// A part of the English of a template.
#[derive(Debug, Clone, Copy)]
enum Piece {
    Literal(&'static str),
    /// `{}`.
    Number,
    /// `{part}`.
    Part,
    /// `{text}`.
    Text,
}

/// One sentence in both languages, with holes.
struct Template {
    pieces: Vec<Piece>,
    chinese: &'static str,
}

impl Template {
    fn of((english, chinese): &(&'static str, &'static str)) -> Self {
        let (mut pieces, mut rest) = (Vec::new(), *english);
        while let Some((before, (hole, after))) = rest.split_once('{').and_then(|(a, b)| Some((a, b.split_once('}')?)))
        {
            if !before.is_empty() {
                pieces.push(Piece::Literal(before));
            }
            pieces.push(match hole {
                "text" => Piece::Text,
                "part" => Piece::Part,
                _ => Piece::Number,
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Literal(rest));
        }
        Self { pieces, chinese }
    }

    /// Letters of its own.
    fn letters(&self) -> usize {
        let of = |piece: &Piece| if let Piece::Literal(literal) = piece { literal.len() } else { 0 };
        self.pieces.iter().map(of).sum()
    }
}

/// Whether the text begins and ends as the pieces do, and has their letters in order. Most templates end here.
fn may_be(pieces: &[Piece], text: &str) -> bool {
    let mut rest = text;
    for (at, piece) in pieces.iter().enumerate() {
        let Piece::Literal(literal) = piece else { continue };
        if at + 1 == pieces.len() {
            return if at == 0 { rest == *literal } else { rest.ends_with(literal) };
        }
        let after = if at == 0 { rest.strip_prefix(literal) } else { rest.split_once(literal).map(|(_, after)| after) };
        let Some(after) = after else { return false };
        rest = after;
    }
    !pieces.is_empty() || text.is_empty()
}

/// All templates, those with the most letters of their own first.
static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let mut templates: Vec<Template> = PHRASES.iter().map(Template::of).collect();
    templates.sort_by_key(|template| Reverse(template.letters()));
    templates
});

/// English and Chinese, in the order of the engine's files. Another sentence is a line here.
const PHRASES: &[(&str, &str)] = &[
    // What a held result waits for.
    ("{} more shifts, to the declared look at {}", "还需 {} 个班次，到预先声明的第 {} 班查看"),
    ("a new attempt: the last declared look is past", "预先声明的查看已用完，需要新的尝试"),
    // Where no shift counts, and what the log leaves open.
    ("the log holds no units", "日志中没有工作单元"),
    ("no shift of robots is scheduled after the freeze", "冻结之后没有排定机器人班次"),
    (
        "{} units were left out by rule ({text}): with all of them as failures the lower bound is {}",
        "按规则排除了 {} 个工作单元（{}）；若全部视为不合格，置信下界为 {}",
    ),
    (
        "at most {} of units left out by rule, or a bound that holds with all of them as failures",
        "需要按规则排除的工作单元不超过 {}，或全部视为不合格时置信下界仍达标",
    ),
    (
        "Anything about {} of {} units: the task book leaves them out by rule ({text}).",
        "{1} 个工作单元中的 {0} 个：任务书按规则将其排除（{2}）。",
    ),
    ("no shift of robots counts; of {} units: {part}", "没有可计入的机器人班次；{} 个工作单元中：{}"),
    ("{} in no scheduled shift", "不在排班内 {} 个"),
    ("{} from before the freeze", "冻结之前 {} 个"),
    ("{} dated after their import", "日期晚于导入时间 {} 个"),
    ("{} at other stations", "其他工位 {} 个"),
    ("{} by other releases", "其他软件版本 {} 个"),
    ("{} by other robots", "其他机器人 {} 个"),
    ("{} people's", "人工作业 {} 个"),
    ("{} without any time", "无时间 {} 个"),
    ("{} excluded", "按规则排除 {} 个"),
    (
        "how {} units ended, who was in command and how often they were tried: unknown is not good, and no failure",
        "需要 {} 个工作单元的结果、控制方和尝试次数：未知不算合格，也不算失败",
    ),
    // Why a statistic has no answer.
    ("`{text}` has {}, and at least {} are needed", "`{}` 有 {} 个，至少需要 {} 个"),
    ("`effective units` has {}, and at least {} are needed", "有效工作单元有 {} 个，至少需要 {} 个"),
    ("`failures` has {}, and at least {} are needed", "可计故障的班次有 {} 个，至少需要 {} 个"),
    ("`human shifts` has {}, and at least {} are needed", "人工班次有 {} 个，至少需要 {} 个"),
    ("`human` has {}, and at least {} are needed", "人工一方有 {} 个班次，至少需要 {} 个"),
    ("`people's shifts` has {}, and at least {} are needed", "人工班次有 {} 个，至少需要 {} 个"),
    ("`robot shifts` has {}, and at least {} are needed", "机器人班次有 {} 个，至少需要 {} 个"),
    ("`robot` has {}, and at least {} are needed", "机器人一方有 {} 个班次，至少需要 {} 个"),
    ("`robots' shifts` has {}, and at least {} are needed", "机器人班次有 {} 个，至少需要 {} 个"),
    ("`shifts` has {}, and at least {} are needed", "班次有 {} 个，至少需要 {} 个"),
    ("`sites` has {}, and at least {} are needed", "场所有 {} 个，至少需要 {} 个"),
    ("`trials of an arm` has {}, and at least {} are needed", "其中一方的试验有 {} 次，至少需要 {} 次"),
    ("`trials` has {}, and at least {} are needed", "试验有 {} 次，至少需要 {} 次"),
    ("`units` has {}, and at least {} are needed", "工作单元有 {} 个，至少需要 {} 个"),
    ("`{text}` is {}, and must be {part}", "`{}` 为 {}，应{}"),
    ("`sum of the weights` is {}, and must be 1", "权重之和为 {}，应为 1"),
    ("a mean of ln takt between {} and {}", "为介于 {} 与 {} 之间的 ln 节拍均值"),
    ("a number of at most {} in size", "为绝对值不超过 {} 的数"),
    ("above {}", "大于 {}"),
    ("above {} and at most {}", "大于 {} 且不超过 {}"),
    ("above {} and below {}", "大于 {} 且小于 {}"),
    ("at least {}", "不小于 {}"),
    ("at least {} and below {}", "不小于 {} 且小于 {}"),
    ("at most {}", "不超过 {}"),
    ("at most {} in all", "合计不超过 {}"),
    ("at most {} items", "不超过 {} 项"),
    ("from {} s to {} s", "介于 {} s 与 {} s 之间"),
    ("from {} to {}", "介于 {} 与 {} 之间"),
    ("from {} to {} s", "介于 {} s 与 {} s 之间"),
    ("positive", "为正数"),
    ("seconds, from {} to {}", "介于 {} s 与 {} s 之间"),
    ("there is no solution: {part}", "无解：{}"),
    ("`failures` and `hours` have different lengths", "故障计数与运行时间的班次数不一致"),
    ("`years` must list between 1 and 1000 lives", "`years` 应列出 1 到 1000 个使用年限"),
    ("a cell's shift is not below the number of cells", "班次序号超出范围"),
    ("a human shift has no good unit", "有一个人工班次没有合格品"),
    ("a shift has more good units than units", "有一个班次的合格数大于工作单元数"),
    ("a shift's stratum has no weight", "有一个班次的分层没有权重"),
    ("a stratum has more good units than units", "有一个分层的合格数大于工作单元数"),
    ("a triangular assumption needs low <= mode <= high", "三角分布假设须满足 low ≤ mode ≤ high"),
    ("an arm has more successes than trials", "其中一方的成功数大于试验数"),
    ("assisted time is longer than production time", "协助时间长于生产时间"),
    (
        "production is part of processing, and processing of busy time",
        "生产时间应不超过加工时间，加工时间应不超过占用时间",
    ),
    ("the second side made nothing", "对比的一方没有产出"),
    ("there are more autonomous units than units", "自主完成数大于工作单元数"),
    ("there are more good units than produced ones", "合格数大于产出数"),
    ("there are more sites than the method is for", "场所数超出该方法的适用范围"),
    ("there are more successes than trials", "成功数大于试验数"),
    ("there are more than 1,000 strata", "分层超过 1,000 个"),
    ("there are more than 10^12 units or trials", "工作单元或试验超过 10^12 个"),
    ("there are more units than can be counted", "工作单元多得无法计数"),
    ("there are not as many weights as strata", "权重数与分层数不一致"),
    // `adherence`, `assistance`, `availability`.
    ("there is no target: the log holds no takts of people", "没有目标节拍：日志中没有人工节拍"),
    (
        "{} of {} takts within {} s over {} shifts: {}, lower bound {} at {}",
        "{3} 个班次的 {1} 个节拍中，{0} 个不超过 {2} s：{4}，置信下界 {5}（置信度 {6}）",
    ),
    (
        "{} of {} units with help over {} shifts: {}, at most {} at {} ({} minutes of people per unit)",
        "{2} 个班次的 {1} 个工作单元中，{0} 个有人协助：{3}，置信度 {5} 下至多 {4}（每单元 {6} 人分钟）",
    ),
    (
        "the log keeps no events: minutes are those of helped units only",
        "日志未记录事件：人工分钟数只计有人协助的工作单元",
    ),
    ("the log keeps no events, so that nobody can tell when it stood still", "日志未记录事件，无从得知工位何时停机"),
    (
        "the station could work on its own in {} of its scheduled time, at least {} at {}, over {} shifts",
        "{3} 个班次中，工位可自主工作的时间占排班时间 {0}，置信度 {2} 下不低于 {1}",
    ),
    (
        "{} repairs have no end in the log: their time is not in the share",
        "日志中 {} 次维修没有结束时间：其时间未计入占比",
    ),
    // `completion`, `drills`, `trials`.
    ("there are no drills", "没有演练"),
    (
        "{} of 100 drills within {part}, at most {part} at {} ({} drills)",
        "演练完成时间的 {0} % 分位数为 {1}，置信度 {3} 下至多 {2}（{4} 次演练）",
    ),
    ("{} s", "{} s"),
    ("no time", "无穷大"),
    ("{} drills have no length in the log", "日志中 {} 次演练没有时长"),
    (
        "{} of {} drills good in {} sessions: {}, lower bound {} at {} ({part})",
        "{2} 个场次的 {1} 次演练中，{0} 次成功：{3}，置信下界 {4}（置信度 {5}，{6}）",
    ),
    (
        "{} of {} trials good in {} sessions: {}, lower bound {} at {} ({part})",
        "{2} 个场次的 {1} 次试验中，{0} 次成功：{3}，置信下界 {4}（置信度 {5}，{6}）",
    ),
    ("exact", "精确区间"),
    ("at any time", "任意时刻有效"),
    ("{} of {} drills", "演练 {}/{} 次"),
    ("{} of {} trials", "试验 {}/{} 次"),
    (
        "people completed {} of {} drills; that robots complete fewer has p {} (Boschloo)",
        "人工 {1} 次演练完成 {0} 次；机器人完成率更低的 p 值为 {2}（Boschloo 检验）",
    ),
    // `economics`.
    ("the task book names no prices", "任务书未给出价格"),
    ("the log keeps no events, so that nobody knows people's minutes", "日志未记录事件，无从得知人工分钟数"),
    ("money cannot be resampled: {part}", "无法对成本重抽样：{}"),
    (
        "{part} {text} by robot and {part} by people per good unit in the median; net present value above zero in {} of {} \
         replicates",
        "每件合格品成本：机器人 {0} {1}，人工 {2} {1}；{4} 次重抽样中净现值为正的占 {3}",
    ),
    ("an endless cost", "无穷大"),
    ("{} and {} shifts are too few to draw from", "机器人 {} 个、人工 {} 个班次，不足以重抽样"),
    (
        "a saving of {} per good unit at the 10 % quantile, and above 0 is asked",
        "每件合格品节省额的 10 % 分位数为 {}，要求大于 0",
    ),
    (
        "a saving of an endless cost per good unit at the 10 % quantile, and above 0 is asked",
        "每件合格品节省额没有 10 % 分位数，要求大于 0",
    ),
    ("paid back {part} in 80 of 100 replicates, and {} are asked", "投资回收期的 80 % 分位数为{}，要求不超过 {} 个月"),
    ("after {} months", " {} 个月"),
    ("never", "无穷大"),
    (
        "`prices.supervision` is assumed: people's minutes must be measured at this gate, by a new attempt",
        "`prices.supervision` 为假设值：本关口要求实测人工分钟数，需要新的尝试",
    ),
    (
        "{} events have no end in the log: nobody knows how long people were at it",
        "日志中 {} 个事件没有结束时间：无从得知人工用时",
    ),
    // `effectiveness`, `efficiency`, `exposure`.
    (
        "{} s times {} good units in {} scheduled hours: {}, at least {} at {}, over {} shifts",
        "{6} 个班次、排班 {2} h 内，自主合格 {1} 个，每个按 {0} s 计：{3}，置信度 {5} 下不低于 {4}",
    ),
    (
        "{} units have no length in the log: their seconds are in no product",
        "日志中 {} 个工作单元没有时长：其时间未计入任何一项",
    ),
    ("the log holds no shift of people's work to compare with", "日志中没有可供对比的人工班次"),
    (
        "{} good units per station hour by robots and {} by people: {} %, at least {} % at {}",
        "每工位小时合格数：机器人 {0}，人工 {1}：效率提升 {2} %，置信度 {4} 下不低于 {3} %",
    ),
    (
        "gain = good units per station hour of robots by those of people, less 1",
        "效率提升 = 机器人每工位小时合格数 ÷ 人工每工位小时合格数 − 1",
    ),
    ("{} units in {} shifts on {} days by {} robots", "{1} 个班次、{2} 天、{3} 台机器人、{0} 个工作单元"),
    ("there are {part}", "目前仅有：{}"),
    ("{} of {} shifts", "班次 {}/{} 个"),
    ("{} of {} days", "天数 {}/{} 天"),
    ("{} of {} robots", "机器人 {}/{} 台"),
    ("{} of {} units", "工作单元 {}/{} 个"),
    ("{} of {} sites", "场所 {}/{} 个"),
    ("{} of {} robot swaps", "机器人更换演练 {}/{} 次"),
    ("{} of {} rollbacks", "软件回退演练 {}/{} 次"),
    ("{} of {} seasons", "季节 {}/{} 个"),
    // `false_alarms`, `missed_defects`.
    ("sound pieces called defective: {part}", "误报统计：{}"),
    ("defective pieces passed: {part}", "漏检统计：{}"),
    (
        "{} of {} sound pieces called defective over {} shifts: {}, at most {} at {}",
        "{2} 个班次的 {1} 件合格件中，{0} 件被误报为有缺陷：{3}，置信度 {5} 下至多 {4}",
    ),
    (
        "{} of {} defective pieces passed over {} shifts: {}, at most {} at {}",
        "{2} 个班次的 {1} 件缺陷件中，{0} 件漏检：{3}，置信度 {5} 下至多 {4}",
    ),
    ("people {}", "人工为 {}"),
    ("of {} pieces nobody knows what they were; they count on neither side", "{} 件的真实状态未知：两方均不计入"),
    ("{} of {} pieces of that kind", "此类工件 {}/{} 件"),
    ("up to {} points more than people, and {} are allowed", "至多比人工高 {} 个百分点，允许高 {} 个百分点"),
    ("against people: {part}", "与人工对比：{}"),
    ("people's calls at the same station, to compare with", "需要同一工位的人工判定，以供对比"),
    // `hardware`, `interventions`, `safety`, `software`.
    ("the log keeps no events, so that nobody can count hardware failures", "日志未记录事件，无从统计硬件故障"),
    ("the log keeps no events, so that nobody can count interventions", "日志未记录事件，无从统计人工干预"),
    ("the log keeps no events, so that nobody can count safety stops", "日志未记录事件，无从统计安全停机"),
    ("the log keeps no events, so that nobody can count software failures", "日志未记录事件，无从统计软件故障"),
    (
        "{} hardware failures in {} station hours: at least {} h between them at {} ({part})",
        "工位运行 {1} h 内硬件故障 {0} 次，置信度 {3} 下间隔不短于 {2} h（{4}）",
    ),
    (
        "{} interventions in {} station hours: at least {} h between them at {} ({part})",
        "工位运行 {1} h 内人工干预 {0} 次，置信度 {3} 下间隔不短于 {2} h（{4}）",
    ),
    (
        "{} safety stops in {} station hours: at least {} h between them at {} ({part})",
        "工位运行 {1} h 内安全停机 {0} 次，置信度 {3} 下间隔不短于 {2} h（{4}）",
    ),
    (
        "{} software failures in {} station hours: at least {} h between them at {} ({part})",
        "工位运行 {1} h 内软件故障 {0} 次，置信度 {3} 下间隔不短于 {2} h（{4}）",
    ),
    ("by Crow's model at the end", "按 Crow 模型，取期末值"),
    ("overdispersion {}", "过度离散系数 {}"),
    (
        "events become rarer (p {}, beta {}): the bound is Crow's at the end of the hours, and no mean over all of \
         them",
        "事件逐渐减少（p 值 {}，β = {}）：采用 Crow 模型的期末置信下界，而非全程平均值",
    ),
    (
        "events become more frequent (one-sided p {}): wear blocks promotion until it is found",
        "事件越来越频繁（单侧 p 值 {}）：磨损查明之前不予晋级",
    ),
    // `previous`, `quality`.
    ("the release before: {part}", "上一版本：{}"),
    ("takts: {part}", "节拍：{}"),
    (
        "{} good and {} by `{text}`: {} points, at least {} at {}; takts {} times, at most {}",
        "合格率 {0}，版本 `{2}` 为 {1}：相差 {3} 个百分点，置信度 {5} 下不低于 {4}；节拍之比 {6}，至多 {7}",
    ),
    ("takts at most {} times, and {} is asked", "节拍之比至多 {}，要求不超过 {}"),
    ("{} of {} shifts of this release", "本版本的班次 {}/{} 个"),
    ("{} of {} shifts of the release before", "上一版本的班次 {}/{} 个"),
    ("people's work: {part}", "人工作业：{}"),
    (
        "{} good by robots and {} by people: {} points, at least {} at {}",
        "合格率：机器人 {0}，人工 {1}：相差 {2} 个百分点，置信度 {4} 下不低于 {3}",
    ),
    // `rhythm`.
    ("the protocol names no human baseline", "协议未指定人工基线"),
    ("fewer than two shifts on a side have good units", "一方有合格品的班次不足两个"),
    ("the comparison has no answer for these shifts", "以这些班次无法作出比较"),
    (
        "robots take {} times people's time per good unit, at most {} at {}, over {} and {} shifts",
        "机器人每件合格品用时为人工的 {0} 倍，置信度 {2} 下至多 {1} 倍（机器人 {3} 班，人工 {4} 班）",
    ),
    ("{} of {} robots' shifts", "机器人班次 {}/{} 个"),
    ("{} of {} people's shifts", "人工班次 {}/{} 个"),
    ("{} of {} people", "作业人员 {}/{} 人"),
    (
        "people took {} s per good unit in the baseline, and {} s by the station's own record: the baseline \
         flatters the robot",
        "人工基线每件合格品用时 {} s，工位自有台账为 {} s：该基线偏袒机器人",
    ),
    // `sites`, `transfer`.
    ("site `{text}`: {part}", "场所 `{}`：{}"),
    ("sites: {part}", "场所：{}"),
    (
        "{} of {} sites with their own bound of at least {} at {}; the least is `{text}` with {}",
        "{1} 个场所中 {0} 个的置信下界在置信度 {3} 下不低于 {2}；最低的是 `{4}`，为 {5}",
    ),
    ("site `{text}` holds {} of all units, and {} are allowed", "场所 `{}` 占全部工作单元的 {}，至多允许 {}"),
    ("{} of {} sites with {} shifts", "满 {2} 个班次的场所 {0}/{1} 个"),
    (
        "takts at `{text}` at most {} times people's, and {} is asked",
        "场所 `{}` 的节拍至多为人工的 {} 倍，要求不超过 {} 倍",
    ),
    ("takts at `{text}`: {part}", "场所 `{}` 的节拍：{}"),
    (
        "{} sites: {} at the middle one, at least {} at a new one at {} (tau² {})",
        "{0} 个场所：典型场所为 {1}，置信度 {3} 下新场所的预测下界为 {2}（τ² = {4}）",
    ),
    // `steadiness`, `takt_tail`.
    ("first and last hours: {part}", "班初与班末：{}"),
    (
        "takts of the last hour are {} times those of the first, at most {} at {}, over {} shifts",
        "{3} 个班次中，最后一小时的节拍为第一小时的 {0} 倍，置信度 {2} 下至多 {1} 倍",
    ),
    (
        "takts of the last hour are {} times those of the first, at most {} at {}, over {} shifts ({} % per hour)",
        "{3} 个班次中，最后一小时的节拍为第一小时的 {0} 倍，置信度 {2} 下至多 {1} 倍（每小时 {4} %）",
    ),
    ("the rhythm of whole shifts became slower, first seen in shift {}", "整班节拍变慢，最早见于第 {} 班"),
    ("{} replicates are too few for {}", "{} 次重抽样不足以支持置信度 {}"),
    (
        "in {} of 100 units robots take at most {} s and people {} s: {} times, at most {} at {}",
        "节拍的 {0} % 分位数：机器人 {1} s，人工 {2} s：为 {3} 倍，置信度 {5} 下至多 {4} 倍",
    ),
    // `success`.
    (
        "{} of {} units {part} over {} shifts: {}, lower bound {} at {} (cluster-aware, ICC {})",
        "{3} 个班次的 {1} 个工作单元中，{0} 个{2}：{4}，置信下界 {5}（置信度 {6}，按班次聚类，ICC {7}）",
    ),
    ("autonomous and good", "自主且合格"),
    ("good at once", "首过合格"),
    ("good", "合格"),
    ("strata: {part}", "分层：{}"),
    ("strata below their floor of {}: {part}", "低于下限 {} 的分层：{}"),
    ("`{text}` {}", "`{}` {}"),
    ("the last {} shifts alone show {} at 80 %, not {}", "仅最后 {} 个班次的置信下界为 {}（置信度 80 %），未达 {}"),
    ("the last third of the shifts: {part}", "最后三分之一的班次：{}"),
    (
        "successive shifts are alike (lag-1 autocorrelation {}, p {}): shifts may not be independent, and weeks \
         would be the better cluster",
        "相邻班次相似（一阶自相关 {}，p 值 {}）：班次可能不独立，宜以周为聚类单位",
    ),
    // Controls `attempts`, `calendar`, `conditions`, `counter`, `coverage`.
    ("nobody looked up what else was frozen for these stations", "未查询这些工位还冻结过哪些协议"),
    (
        "no other protocol was frozen for these stations and this gate: attempt {}",
        "这些工位在该关口没有冻结过其他协议：第 {} 次尝试",
    ),
    (
        "{} protocols were frozen for these stations and this gate, and this one spends alpha for attempt {}",
        "为这些工位和此关口已冻结 {} 份协议，本协议按第 {} 次尝试分配 α",
    ),
    (
        "a new protocol under the name of the first, which spends alpha for attempt {}",
        "需要以最初的场景名重新冻结协议，按第 {} 次尝试分配 α",
    ),
    ("the calendar holds no shift of robots", "排班中没有机器人班次"),
    (
        "{} units passed the counter or were logged outside of scheduled shifts, {} of all (limit {})",
        "排班之外有 {} 个工作单元经过计数器或记入日志，占全部的 {}（上限 {}）",
    ),
    ("{} of {} shifts were not worked and count", "{1} 个班次中 {0} 个未作业，照常计入"),
    ("{} of {} agreed shifts after the first are in the calendar", "首班之后约定的 {1} 个班次中，排班表中有 {0} 个"),
    (
        "the counter was read on both sides of {} of {} pauses between shifts, and no number of shifts was agreed",
        "{1} 次班间间歇中，{0} 次在两端均读取了计数器，且未约定班次数",
    ),
    (
        "readings of the counter at both ends of every shift, or `controls.calendar.shifts_per_week`",
        "需要每个班次首末的计数器读数，或 `controls.calendar.shifts_per_week`",
    ),
    ("the protocol declares no kinds of conditions", "协议未声明工况分层"),
    ("no unit lies in a declared stratum", "没有工作单元属于已声明的分层"),
    ("a log whose conditions are those that sensors see", "需要工况与传感器所见一致的日志"),
    ("units in the proportions of `{text}`", "需要按 `{}` 的比例作业"),
    ("conditions of {} units or more by independent sensors", "需要独立传感器核对 {} 个以上工作单元的工况"),
    (
        "{} of {} units lie in another stratum by independent sensors, at most {} (limit {})",
        "独立传感器核对 {1} 个工作单元，{0} 个属于其他分层，至多 {2}（上限 {3}）",
    ),
    (
        "the shares of strata have {} in common with those declared (at least {}), an effective share of {} (at \
         least {}), {} strata too thin",
        "分层比例与声明重合 {}（要求不低于 {}），有效样本占 {}（要求不低于 {}），{} 个分层样本过少",
    ),
    ("no independent counter was read at both ends of a shift", "没有一个班次的首末读取了独立计数器"),
    ("readings of an independent counter at both ends of every shift", "需要每个班次首末的独立计数器读数"),
    (
        "the counter counted {} units and the log holds {} in {} of {} worked shifts: {} differ, {} (limit {})",
        "{3} 个作业班次中 {2} 个有计数器读数：计得 {0}，日志记有 {1}，相差 {4}，占 {5}（上限 {6}）",
    ),
    ("{} missing ones count as bad", "缺失的 {} 个按不合格计"),
    ("readings at both ends of {} of the worked shifts", "需要 {} 的作业班次有首末读数"),
    ("the recorder keeps no heartbeat", "记录器没有心跳"),
    ("spans of the recorder's heartbeat", "需要记录器的心跳时段"),
    (
        "the heartbeat arrived in {} % of scheduled time (at least {}), the longest gap is {} s",
        "记录心跳覆盖排班时间的 {} %（要求不低于 {}），最长中断 {} s",
    ),
    ("{} of {} gaps follow a disturbance, where {} are expected", "{1} 次中断中 {0} 次紧随异常，预期 {2} 次"),
    ("shifts in which the recorder is on", "需要记录器全程开启的班次"),
    // Controls `drawn_shifts`, `human_baseline`, `labels`, `overlap`, `perturbation`.
    ("a revealed seed is not the one whose hash was published", "公开的种子与事先公布的哈希不符"),
    (
        "the draw was published after the run began, or its seed is not revealed",
        "抽签在运行开始之后才公布，或其种子尚未公开",
    ),
    ("no auditor drew shifts by lot", "没有审核方抽签选取班次"),
    ("a draw whose hash is published before the run, and its seed", "需要运行前公布哈希的抽签及其种子"),
    ("shift `{text}` of `{text}` was drawn, and was not audited", "`{1}` 的班次 `{0}` 被抽中，但未接受审核"),
    ("an audit of every shift that is drawn", "需要对每个抽中的班次进行审核"),
    ("the inspection of {} drawn units", "需要复检 {} 个抽中的工作单元"),
    (
        "{} of {} shifts were drawn: {} good there, at least {} at 80.0 %, and {} in the others (p {})",
        "{1} 个班次中抽中 {0} 个：合格率 {2}，置信度 80.0 % 下不低于 {3}，其余为 {4}（p 值 {5}）",
    ),
    (
        "{} of {} shifts were drawn: {} good there, at least nothing at 80.0 %, and {} in the others (p {})",
        "{1} 个班次中抽中 {0} 个：合格率 {2}，没有置信下界，其余为 {3}（p 值 {4}）",
    ),
    ("a lower bound of {} in the drawn shifts alone", "需要仅抽中班次的置信下界达到 {}"),
    ("{} drawn shifts, and {} of all", "需要抽中 {} 个班次，且占全部的 {}"),
    (
        "the task book names no record of the station (`baseline.record_takt_s`)",
        "任务书未给出工位台账的节拍（`baseline.record_takt_s`）",
    ),
    ("fewer than two shifts of people's work", "人工班次不足两个"),
    ("shifts of people's work", "需要人工作业的班次"),
    (
        "people took {} s per good unit in {} shifts, {} times the record of {} s, between {} and {} (limit {})",
        "{1} 个班次中人工每件合格品用时 {0} s，为台账 {3} s 的 {2} 倍，介于 {4} 与 {5} 倍之间（上限 {6}）",
    ),
    ("a baseline that is no slower than the record", "需要不慢于台账的人工基线"),
    (
        "{} units were inspected again, and for `{text}` no draw announced before its run says that they were not chosen",
        "复检了 {} 个工作单元，但 `{}` 没有运行前公布的抽签证明它们未经挑选",
    ),
    (
        "a draw of units whose hash is published before the run, and their inspection",
        "需要运行前公布哈希的工作单元抽签，以及对抽中单元的复检",
    ),
    (
        "{} of {} inspected units that the log calls good are not, {} drawn ones were not inspected and are taken as \
         bad: at most {} at 95.0 % (limit {})",
        "复检 {1} 个日志标为合格的工作单元，{0} 个实为不合格，{2} 个抽中而未检、按不合格计：置信度 95.0 % 下至多 \
         {3}（上限 {4}）",
    ),
    ("{} drawn units, inspected and good", "需要抽检 {} 个工作单元且全部合格"),
    ("no unit names its recorded episode", "没有工作单元注明其录制片段"),
    ("nobody compared units with what the release was trained on", "未将工作单元与该版本的训练数据比较"),
    (
        "{} of {} compared units are near-copies of training data, at most {} at 95.0 % (limit {})",
        "比较 {1} 个工作单元，{0} 个与训练数据近乎相同，置信度 95.0 % 下至多 {2}（上限 {3}）",
    ),
    ("{} units compared with the training data", "需要将 {} 个工作单元与训练数据比较"),
    ("nothing was moved on purpose", "未做过扰动挑战"),
    ("{} challenges, with a lower bound of {}", "需要 {} 次扰动挑战，置信下界达到 {}"),
    (
        "{} of {} units under challenge are good, between {} and {} at 95.0 % (at least {} asked, of {} challenges)",
        "{1} 次扰动挑战中 {0} 次合格，置信度 95.0 % 下介于 {2} 与 {3} 之间（要求不低于 {4}，至少 {5} 次挑战）",
    ),
    // Controls `recorder`, `reexecution`, `regularity`, `releases`, `replay`.
    ("every log states an independent recorder", "每份日志均声明由独立记录方记录"),
    ("self-attested: the recorder belongs to a party that gains by the verdict", "自我声明：记录方从结论中获益"),
    ("a recorder with a power supply and keys of its own", "需要自带电源和密钥的独立记录器"),
    ("no unit was computed again by the attested release", "没有工作单元由所声明的版本重新计算"),
    ("{} units computed again by the attested release", "需要由所声明的版本重新计算 {} 个工作单元"),
    (
        "{} of {} units do not match the attested release, at most {} at 95.0 % (limit {})",
        "重新计算 {1} 个工作单元，{0} 个与所声明的版本不符，置信度 95.0 % 下至多 {2}（上限 {3}）",
    ),
    ("{} % of {} steps match", "{1} 个控制步中 {0} % 相符"),
    ("too few shifts, or none with a failure", "班次过少，或没有一次失败"),
    ("{} failures in {} shifts are too few to tell", "{1} 个班次共 {0} 次失败，不足以判断"),
    (
        "shifts differ with X² {} for {} degrees of freedom, as little as that with probability {}",
        "班次间差异的 χ² 为 {}（自由度 {}），差异如此之小的概率为 {}",
    ),
    ("they alternate as evenly with probability {} (limit {} each)", "班次起伏如此均匀的概率为 {}（两项各以 {} 为限）"),
    ("the protocol names no release (`scope.release`)", "协议未指定软件版本（`scope.release`）"),
    ("a protocol that names the release by its hash", "需要以哈希指定软件版本的协议"),
    ("no unit of this release", "没有该版本完成的工作单元"),
    ("units of the release", "需要该版本完成的工作单元"),
    (
        "{} units in these shifts are by another release or by none that is named, {} (limit {})",
        "这些班次中 {} 个工作单元由其他或未注明的版本完成，占 {}（上限 {}）",
    ),
    ("no step in success (p {}) or rhythm (p {})", "成功率（p 值 {}）和节拍（p 值 {}）均无突变"),
    (
        "success changes after shift {} of {} (p {}, limit {}): {} before, {} after",
        "{1} 个班次中，第 {0} 班之后成功率突变（p 值 {2}，限值 {3}）：之前 {4}，之后 {5}",
    ),
    (
        "the logarithm of the takt changes after shift {} of {} (p {}, limit {}): {} before, {} after",
        "{1} 个班次中，第 {0} 班之后节拍的对数突变（p 值 {2}，限值 {3}）：之前 {4}，之后 {5}",
    ),
    ("a run of one release without a step", "需要由同一版本完成且无突变的运行"),
    ("no recorded movements were compared", "未比较录制的动作"),
    ("{} compared movements, and {} with the pose of the object", "需要比较 {} 个动作，其中 {} 个带物体位姿"),
    (
        "{} of {} movements are more alike than natural repeats, at most {} at 95.0 % (limit {})",
        "比较 {1} 个动作，{0} 个比自然重复更相似，置信度 95.0 % 下至多 {2}（上限 {3}）",
    ),
    ("no poses of objects to compare with", "没有物体位姿可供对照"),
    (
        "movement and pose of the object correlate by {} over {} units (p {}, below {} asked)",
        "{1} 个工作单元中动作与物体位姿的相关为 {0}（p 值 {2}，要求低于 {3}）",
    ),
    // Controls `staffing`, `uplink_cut`.
    ("people near the station were counted in {} shifts", "只在 {} 个班次清点过工位附近的人员"),
    (
        "counts of people near the station, and `controls.staffing.people_max`",
        "需要工位附近的人数清点，以及 `controls.staffing.people_max`",
    ),
    (
        "{} people were near on average, {} minutes per unit, and the task book states no number",
        "工位附近平均 {} 人，每单元 {} 人分钟，而任务书未声明人数",
    ),
    (
        "{} people were near on average over {} shifts, between {} and {} (limit {}): {} minutes per unit",
        "{1} 个班次中工位附近平均 {0} 人，介于 {2} 与 {3} 之间（上限 {4}）：每单元 {5} 人分钟",
    ),
    ("shifts with no more people than stated", "需要人数不超过声明的班次"),
    ("the uplink was cut only when no work was due", "只在无作业时切断过上行链路"),
    ("the uplink was never cut", "从未切断上行链路"),
    (
        "{} cuts during work, with enough units to rule out that {} fewer are good",
        "需要作业期间断网 {} 次，且工作单元足以排除合格率低 {}",
    ),
    (
        "{} of {} units in {} cuts are good ({}) and {} of the others",
        "{2} 次断网期间 {1} 个工作单元中 {0} 个合格（{3}），其余为 {4}",
    ),
    ("{} good ones were due (p {})", "应有 {} 个合格（p 值 {}）"),
    ("{} blocks gave none until the link was back", "{} 次断网直到恢复都没有合格品"),
    ("that {} fewer are good has p {}", "合格率低 {} 的 p 值为 {}"),
    // What a verdict does not show.
    ("Nothing about any real station: the log is simulated.", "与任何真实工位有关的内容：日志是模拟的。"),
    (
        "That nobody cheated: each control names what it cannot show, and they show no more together (`prairie \
         explain CONTROL`).",
        "无人作弊：每个管控项都写明它不能证明什么，合在一起也不能证明更多（`prairie explain 管控项`）。",
    ),
    ("That this is the only attempt: {part}.", "这是唯一一次尝试：{}。"),
    ("That no shift was left out: {part}.", "没有遗漏班次：{}。"),
    ("That work was done under the conditions that occur: {part}.", "作业工况与实际发生的一致：{}。"),
    ("That every unit was logged: {part}.", "每个工作单元均被记录：{}。"),
    ("That the recorder was on all the time: {part}.", "记录器始终开启：{}。"),
    ("That shifts were not picked: {part}.", "班次未经挑选：{}。"),
    ("That people were not slow on purpose while they were measured: {part}.", "测量期间人员未故意放慢：{}。"),
    ("That units called good are good: {part}.", "标为合格的工作单元确实合格：{}。"),
    ("That the robot was not trained on what it was tested with: {part}.", "机器人未用测试内容训练：{}。"),
    ("That movements answer to what is there: {part}.", "动作是对现场的响应：{}。"),
    ("That the log is complete and true: {part}.", "日志完整且真实：{}。"),
    ("That the attested release moved the robot: {part}.", "驱动机器人的是所声明的版本：{}。"),
    ("That the log is not made up: {part}.", "日志不是编造的：{}。"),
    ("That one release did all the work: {part}.", "全部作业由同一版本完成：{}。"),
    ("That no recorded movement was replayed: {part}.", "没有回放录制的动作：{}。"),
    ("That the station ran with the people that it is said to run with: {part}.", "工位仅由所声明的人员运行：{}。"),
    ("That nobody steers from afar: {part}.", "没有人远程操控：{}。"),
    ("`{part}`: the task book does without it ({text}).", "{}：任务书声明不作此项要求（{}）。"),
    ("`{part}`: {part}.", "{}：{}。"),
];

#[cfg(test)]
mod tests;
