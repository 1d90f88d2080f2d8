//! `unit-cost`.

use super::{Method, answer};
use crate::stats::economics::cost::{self, Station};

pub(super) const METHOD: Method = Method {
    name: "unit-cost",
    about: "The cost of a good unit by robot and by human, what the robot returns, and where both break even.",
    formula: "U = hours scheduled availability pace performance good; cost_robot = (investment CRF - salvage SF + fixed + people wage + scrap + fees)/U; cost_human = (wage/(pace utilisation) + (1-good) scrap)/good; benefit = U cost_human - operating; npv = benefit/CRF - investment + salvage (1+r)^-n; breakevens solve cost_robot = cost_human",
    source: "IEC 60300-3-3:2017 and VDI 2884 for cost over a life; ISO 22400 for the times",
    input: "investment: {robot, integration, salvage: money, years: count, rate: share per year}\nrunning: {maintenance, software, energy, floor, insurance, damage, fee: money per year, fee_per_unit, scrap_per_unit: money}, all default 0\nrobot: {hours: per year, scheduled: share, units_per_hour, and, each {measured: number} or {assumed: number}, availability: share, performance: share, good: share, mtbi_h: hours, intervention_min: minutes, supervision: people per robot, other_h: hours of people per year}\nhuman: {units_per_hour, utilisation: share, good: share, hours: paid per year, default null}\nwage: money per hour",
    output: "good_units: per year\nhuman_minutes_per_unit: minutes\noperating: money per year\ncapital_recovery: share per year\ncapital: money per year\ncost_robot: money per good unit\ncost_human: money per good unit\nhuman_equivalents: people, null without their hours\nbenefit: money per year\nnpv: money\nirr: share per year, null where there is none\npayback_years: years, null for never\ndiscounted_payback_years: years, null for never\nbreakeven_wage: money per hour, null where there is none\nbreakeven_mtbi_h: hours, null where there is none\nbreakeven_scheduled: share, may be above 1, null where there is none\nassumed: list of figures of the robot that are not measured",
    example: (
        r#"{"investment": {"robot": 120000, "integration": 60000, "salvage": 12000, "years": 5, "rate": 0.1}, "running": {"maintenance": 18000, "software": 6000, "energy": 4000, "scrap_per_unit": 1.5}, "robot": {"hours": 4000, "scheduled": 0.85, "availability": {"measured": 0.93}, "units_per_hour": 40, "performance": {"measured": 0.95}, "good": {"measured": 0.985}, "mtbi_h": {"measured": 8}, "intervention_min": {"measured": 4}, "supervision": {"assumed": 0.1}, "other_h": {"measured": 0}}, "human": {"units_per_hour": 38, "utilisation": 0.87, "good": 0.99, "hours": 1700}, "wage": 32}"#,
        r#"{"good_units": 118353.66, "human_minutes_per_unit": 0.18572302706988528, "operating": 42426.71, "capital_recovery": 0.26379748079474535, "capital": 45517.97677351722, "cost_robot": 0.7430668960598027, "cost_human": 0.9928657415045798, "human_equivalents": 2.127133402995472, "benefit": 75082.58439568093, "npv": 112073.12341685033, "irr": 0.31730007303489305, "payback_years": 2.3973602060820163, "discounted_payback_years": 2.875763798457877, "breakeven_wage": 22.90257282968313, "breakeven_mtbi_h": 0.22183776232138658, "breakeven_scheduled": 0.606215692241685, "assumed": ["supervision"]}"#,
    ),
    run: |input| answer(input, |station: Station| cost::unit_cost(&station)),
};
