//! `cost-distribution`.

use serde::Deserialize;

use super::{Method, answer};
use crate::stats::economics::resample::{self, Assumptions, Shift};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    robot: Vec<Shift>,
    human: Vec<Shift>,
    assumed: Assumptions,
    replicates: u32,
    seed: u64,
}

pub(super) const METHOD: Method = Method {
    name: "cost-distribution",
    about: "How sure cost per good unit, net present value and payback are: whole shifts drawn again, assumptions drawn from triangles.",
    formula: "each replicate draws as many robot shifts and human shifts as there are, with replacement, and each assumption once; units = hours good/scheduled; cost_robot = (investment CRF - salvage SF + running + people wage + scrap)/units; cost_human = (paid hours wage + scrap)/good; npv = (units cost_human - operating)/CRF - investment + salvage (1+r)^-n; quantiles of type 7; replicate i uses xoshiro256++ of part i of the seed",
    source: "Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8; Spearman (1904) for the influences",
    input: "robot: list of {good: units, produced: units, scheduled_s: seconds, human_min: minutes, default 0} by shift\nhuman: the same of people, scheduled_s being paid time\nassumed: {wage: money per hour, investment: money, salvage: money, running: money per year, scrap_per_unit: money, hours: scheduled per year, rate: share per year, years: list of lives}; each but years a number or {low, mode, high}\nreplicates: count, from 100 to 1000000\nseed: whole number",
    output: "cost_robot, cost_human, saving_per_unit, npv, payback_years: each {mean, q05, q10, q20, q50, q80, q90, q95}, null where infinite\nnpv_positive: share\nnpv_positive_error: share, standard error of drawing\ninfluences: list of {input, measured: whether it is, rank_correlation: number, null where it does not vary}, the strongest first",
    example: (
        r#"{"robot": [{"good": 270, "produced": 280, "scheduled_s": 28800, "human_min": 50}, {"good": 250, "produced": 260, "scheduled_s": 28800, "human_min": 70}, {"good": 285, "produced": 290, "scheduled_s": 28800, "human_min": 40}], "human": [{"good": 262, "produced": 265, "scheduled_s": 28800}, {"good": 255, "produced": 257, "scheduled_s": 28800}], "assumed": {"wage": {"low": 28, "mode": 32, "high": 36}, "investment": 180000, "salvage": 12000, "running": 28000, "scrap_per_unit": 1.5, "hours": 3400, "rate": 0.1, "years": [4, 5]}, "replicates": 200, "seed": 1}"#,
        r#"{"cost_robot": {"mean": 0.8407886927782454, "q05": 0.7362062419975015, "q10": 0.76370879740998, "q20": 0.7896330071006001, "q50": 0.8390525743178502, "q80": 0.9019181395998679, "q90": 0.9106824785550375, "q95": 0.9479539248008778}, "cost_human": {"mean": 1.008462014353364, "q05": 0.9296451815334051, "q10": 0.9441985683845787, "q20": 0.9667690322418363, "q50": 1.008770188311256, "q80": 1.0478574838350263, "q90": 1.0650616635685497, "q95": 1.0887480412462367}, "saving_per_unit": {"mean": 0.1676733215751186, "q05": 0.05164619791175675, "q10": 0.0807035994147001, "q20": 0.11774699889620265, "q50": 0.1683616448905556, "q80": 0.22178956199685027, "q90": 0.24938585657813286, "q95": 0.27808523942244484}, "npv": {"mean": 67652.99309840212, "q05": 18206.082861857343, "q10": 30120.372167521058, "q20": 43232.83165270619, "q50": 65089.34966915717, "q80": 93541.602831876, "q90": 106802.961530068, "q95": 119279.98450715381}, "payback_years": {"mean": 2.6157728467878045, "q05": 2.215868112532337, "q10": 2.277772439328775, "q20": 2.3899184817803136, "q50": 2.5818519149051387, "q80": 2.8619266801688314, "q90": 2.989780489355067, "q95": 3.102108667712584}, "npv_positive": 0.99, "npv_positive_error": 0.007035623639735147, "influences": [{"input": "years", "measured": false, "rank_correlation": 0.6218131597868298}, {"input": "good_per_hour", "measured": true, "rank_correlation": 0.5990926289744453}, {"input": "human_minutes_per_unit", "measured": true, "rank_correlation": -0.5990926289744453}, {"input": "good_share", "measured": true, "rank_correlation": 0.5438851233672831}, {"input": "wage", "measured": false, "rank_correlation": 0.3584369609240231}, {"input": "human_good_per_hour", "measured": true, "rank_correlation": -0.04356736472144954}, {"input": "human_good_share", "measured": true, "rank_correlation": 0.04356736472144954}, {"input": "investment", "measured": false, "rank_correlation": null}, {"input": "salvage", "measured": false, "rank_correlation": null}, {"input": "running", "measured": false, "rank_correlation": null}, {"input": "scrap_per_unit", "measured": false, "rank_correlation": null}, {"input": "hours", "measured": false, "rank_correlation": null}, {"input": "rate", "measured": false, "rank_correlation": null}]}"#,
    ),
    run: |input| {
        answer(input, |Input { robot, human, assumed, replicates, seed }| {
            resample::cost_distribution(&robot, &human, &assumed, replicates, seed)
        })
    },
};
