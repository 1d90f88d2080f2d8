//! The cost of a good unit, from figures of one year.

use serde::{Deserialize, Serialize};

use super::finance::{
    Return, capital_recovery, discount_factor, discounted_payback, internal_return, payback, sinking_fund,
};
use super::{Figure, amount, rate, share};
use crate::bound::{StatError, within};

/// What is paid once.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Investment {
    /// The robot.
    pub robot: f64,
    /// Its integration.
    #[serde(default)]
    pub integration: f64,
    /// What is left of its value after the last year.
    #[serde(default)]
    pub salvage: f64,
    /// The years of its life.
    pub years: u32,
    /// The discount rate per year.
    pub rate: f64,
}

/// What is paid every year, or for every unit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Running {
    /// Maintenance per year.
    pub maintenance: f64,
    /// Software per year.
    pub software: f64,
    /// Energy per year.
    pub energy: f64,
    /// Floor per year.
    pub floor: f64,
    /// Insurance per year.
    pub insurance: f64,
    /// The expected damage per year: its probability times the loss.
    pub damage: f64,
    /// A rental fee per year.
    pub fee: f64,
    /// A rental fee per good unit.
    pub fee_per_unit: f64,
    /// The cost of a unit that is not good.
    pub scrap_per_unit: f64,
}

impl Running {
    /// The sum per year of what does not depend on the work done.
    fn fixed(&self) -> Result<f64, StatError> {
        let mut sum = 0.0;
        for (what, cost) in [
            ("maintenance", self.maintenance),
            ("software", self.software),
            ("energy", self.energy),
            ("floor", self.floor),
            ("insurance", self.insurance),
            ("damage", self.damage),
            ("fee", self.fee),
        ] {
            sum += amount(what, cost)?;
        }
        Ok(sum)
    }
}

/// The robot's work, and the people's about it.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Robot {
    /// The hours of a year that the station is open.
    pub hours: f64,
    /// The share of them for which the robot is scheduled.
    pub scheduled: f64,
    /// The share of scheduled time that it is available.
    pub availability: Figure,
    /// Units per hour at its ideal pace.
    pub units_per_hour: f64,
    /// The share of that pace that it keeps; it may be above 1.
    pub performance: Figure,
    /// The share of units that are good.
    pub good: Figure,
    /// The mean operating hours between interventions.
    pub mtbi_h: Figure,
    /// The minutes of a person that one takes.
    pub intervention_min: Figure,
    /// People per scheduled robot for supervision.
    pub supervision: Figure,
    /// Other hours of people per year: changeover, teleoperation, repair.
    pub other_h: Figure,
}

/// A person's work at the same station.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Human {
    /// Units per hour of work.
    pub units_per_hour: f64,
    /// The share of paid hours that are work.
    pub utilisation: f64,
    /// The share of units that are good.
    pub good: f64,
    /// Paid hours of one person per year, for human equivalents.
    #[serde(default)]
    pub hours: Option<f64>,
}

/// All inputs.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// What is paid once.
    pub investment: Investment,
    /// What is paid every year.
    #[serde(default)]
    pub running: Running,
    /// The robot.
    pub robot: Robot,
    /// The human baseline.
    pub human: Human,
    /// The loaded wage per paid hour.
    pub wage: f64,
}

/// What a unit costs, and what the robot returns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitCost {
    /// Good units per year.
    pub good_units: f64,
    /// Minutes of people per good unit.
    pub human_minutes_per_unit: f64,
    /// What is paid per year beside capital.
    pub operating: f64,
    /// The capital recovery factor.
    pub capital_recovery: f64,
    /// Capital per year.
    pub capital: f64,
    /// The cost of a good unit by robot.
    pub cost_robot: f64,
    /// The cost of a good unit by human.
    pub cost_human: f64,
    /// How many people do the same work; `None` without their hours.
    pub human_equivalents: Option<f64>,
    /// What the units would cost by human, less what is paid per year.
    pub benefit: f64,
    /// The net present value.
    pub npv: f64,
    /// The internal rate of return; `None` where there is none between −0.99 and 10.
    pub irr: Option<f64>,
    /// Years until the benefit has paid the investment; `None` for never.
    pub payback_years: Option<f64>,
    /// The same with interest.
    pub discounted_payback_years: Option<f64>,
    /// The wage at which both cost the same; `None` where there is none above zero.
    pub breakeven_wage: Option<f64>,
    /// The mean time between interventions at which both cost the same; `None` where even none at all would not do, or
    /// where interventions cost nothing.
    pub breakeven_mtbi_h: Option<f64>,
    /// The scheduled share at which both cost the same, which may be above 1; `None` where none would do.
    pub breakeven_scheduled: Option<f64>,
    /// The figures of the robot that are not measured.
    pub assumed: Vec<&'static str>,
}

/// The robot's year at one scheduled share.
struct Year {
    good_units: f64,
    scrapped: f64,
    scheduled_h: f64,
    intervention_h: f64,
}

fn year(robot: &Robot, scheduled: f64) -> Result<Year, StatError> {
    let scheduled_h = rate("hours", robot.hours)? * scheduled;
    let operating_h = scheduled_h * share("availability", robot.availability.value())?;
    let pace = rate("units_per_hour", robot.units_per_hour)?;
    let units =
        operating_h * pace * within("performance", robot.performance.value(), 1e-9..=1e3, "above 0 and at most 1000")?;
    let good = share("good", robot.good.value())?;
    let interventions = operating_h / rate("mtbi_h", robot.mtbi_h.value())?;
    Ok(Year {
        good_units: units * good,
        scrapped: units * (1.0 - good),
        scheduled_h,
        intervention_h: interventions * amount("intervention_min", robot.intervention_min.value())? / 60.0,
    })
}

/// The cost of a good unit by robot and by human, and what the robot returns: capital by annuity less its final value, all
/// costs of the year over its good units, and the benefit of the year as flows over the life.
///
/// The robot's cost counts every minute of people. What is not measured is listed in `assumed`: a figure of a vendor must not
/// promote anything.
///
/// # Errors
/// Where an amount is negative, a share is not above 0 and at most 1, or the life is not from 1 to 1000 years.
pub fn unit_cost(station: &Station) -> Result<UnitCost, StatError> {
    let Station { investment, running, robot, human, wage } = station;
    let wage = amount("wage", *wage)?;
    let scheduled = share("scheduled", robot.scheduled)?;
    let year = year(robot, scheduled)?;
    let supervision_h = year.scheduled_h * amount("supervision", robot.supervision.value())?;
    let other_h = amount("other_h", robot.other_h.value())?;
    let human_h = supervision_h + year.intervention_h + other_h;
    let fixed = running.fixed()?;
    let scrap_per_unit = amount("scrap_per_unit", running.scrap_per_unit)?;
    let scrap = year.scrapped * scrap_per_unit;
    let fees = year.good_units * amount("fee_per_unit", running.fee_per_unit)?;
    let operating = fixed + human_h * wage + scrap + fees;

    let paid = amount("robot", investment.robot)? + amount("integration", investment.integration)?;
    let salvage = amount("salvage", investment.salvage)?;
    let recovery = capital_recovery(investment.rate, investment.years)?;
    let capital = paid * recovery - salvage * sinking_fund(investment.rate, investment.years)?;

    let human_good = share("human good", human.good)?;
    let human_units = rate("human units_per_hour", human.units_per_hour)? * share("utilisation", human.utilisation)?;
    // The human's cost is this much per wage, and that much without one.
    let (human_per_wage, human_rest) =
        (1.0 / (human_units * human_good), (1.0 - human_good) * scrap_per_unit / human_good);
    let cost_human = human_per_wage * wage + human_rest;
    let benefit = year.good_units * cost_human - operating;

    // Each breakeven is linear: the wage in itself, interventions in 1/MTBI, the scheduled share in itself.
    let worth = year.good_units * cost_human;
    let without_wage = capital + fixed + scrap + fees;
    let hours_saved = year.good_units * human_per_wage - human_h;
    let breakeven_wage = over(without_wage - year.good_units * human_rest, hours_saved);
    let intervention_cost = year.intervention_h * wage;
    let breakeven_mtbi_h = if intervention_cost > 0.0 {
        over(intervention_cost * robot.mtbi_h.value(), worth - capital - (operating - intervention_cost))
    } else {
        None
    };
    let unscheduled = capital + fixed + other_h * wage;
    let breakeven_scheduled = over(unscheduled * scheduled, worth - (operating - fixed - other_h * wage));
    let annuity = 1.0 / recovery;
    Ok(UnitCost {
        good_units: year.good_units,
        human_minutes_per_unit: 60.0 * human_h / year.good_units,
        operating,
        capital_recovery: recovery,
        capital,
        cost_robot: (capital + operating) / year.good_units,
        cost_human,
        human_equivalents: equivalents(year.good_units, human_units * human_good, human.hours)?,
        benefit,
        npv: benefit * annuity - paid + salvage * discount_factor(investment.rate, investment.years)?,
        irr: irr(paid, benefit, salvage, investment)?,
        payback_years: payback(paid, benefit)?,
        discounted_payback_years: discounted_payback(paid, benefit, investment.rate)?,
        breakeven_wage,
        breakeven_mtbi_h,
        breakeven_scheduled,
        assumed: assumed(robot),
    })
}

/// A ratio of two numbers of which both must be above zero.
fn over(top: f64, bottom: f64) -> Option<f64> {
    (top > 0.0 && bottom > 0.0).then(|| top / bottom)
}

fn equivalents(good_units: f64, good_per_hour: f64, hours: Option<f64>) -> Result<Option<f64>, StatError> {
    hours.map(|hours| Ok(good_units / (good_per_hour * rate("human hours", hours)?))).transpose()
}

fn irr(paid: f64, benefit: f64, salvage: f64, investment: &Investment) -> Result<Option<f64>, StatError> {
    let mut flows = vec![-paid];
    flows.extend((0..investment.years).map(|_| benefit));
    if let Some(last) = flows.last_mut() {
        *last += salvage;
    }
    match internal_return(&flows, investment.rate, investment.rate) {
        Ok(Return { irr, .. }) => Ok(irr),
        Err(StatError::NoSolution(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn assumed(robot: &Robot) -> Vec<&'static str> {
    [
        ("availability", robot.availability),
        ("performance", robot.performance),
        ("good", robot.good),
        ("mtbi_h", robot.mtbi_h),
        ("intervention_min", robot.intervention_min),
        ("supervision", robot.supervision),
        ("other_h", robot.other_h),
    ]
    .into_iter()
    .filter(|(_, figure)| !figure.is_measured())
    .map(|(name, _)| name)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, error: f64) {
        assert!((found - expected).abs() <= error, "{found} is not {expected}");
    }

    fn station() -> Station {
        Station {
            investment: Investment { robot: 120_000.0, integration: 60_000.0, salvage: 12_000.0, years: 5, rate: 0.1 },
            running: Running {
                maintenance: 18_000.0,
                software: 6_000.0,
                energy: 4_000.0,
                scrap_per_unit: 1.5,
                ..Running::default()
            },
            robot: Robot {
                hours: 4_000.0,
                scheduled: 0.85,
                availability: Figure::Measured(0.93),
                units_per_hour: 40.0,
                performance: Figure::Measured(0.95),
                good: Figure::Measured(0.985),
                mtbi_h: Figure::Measured(8.0),
                intervention_min: Figure::Assumed(4.0),
                supervision: Figure::Measured(0.1),
                other_h: Figure::Measured(0.0),
            },
            human: Human { units_per_hour: 38.0, utilisation: 0.87, good: 0.99, hours: Some(1_700.0) },
            wage: 32.0,
        }
    }

    #[test]
    fn worked_oracle() {
        let found = unit_cost(&station()).expect("a cost");
        near(found.good_units, 118_353.66, 0.0051);
        near(found.operating, 42_426.71, 0.0051);
        near(found.capital_recovery, 0.263_797_480_8, 5.1e-11);
        near(found.capital, 45_517.98, 0.0051);
        near(found.cost_robot, 0.743_066_9, 5.1e-8);
        near(found.cost_human, 0.992_865_7, 5.1e-8);
        near(found.benefit, 75_082.58, 0.0051);
        near(found.npv, 112_073.12, 0.0051);
        near(found.irr.expect("a rate"), 0.317_300_1, 5.1e-8);
        near(found.payback_years.expect("years"), 2.397_36, 5.1e-6);
        near(found.discounted_payback_years.expect("years"), 2.875_764, 5.1e-7);
        near(found.human_equivalents.expect("people"), 118_353.66 / (38.0 * 0.87 * 0.99 * 1_700.0), 1e-6);
        assert_eq!(found.assumed, ["intervention_min"]);
    }

    #[test]
    fn breakevens_break_even() {
        let found = unit_cost(&station()).expect("a cost");
        let mut cheap = station();
        cheap.wage = found.breakeven_wage.expect("a wage");
        let mut fragile = station();
        fragile.robot.mtbi_h = Figure::Measured(found.breakeven_mtbi_h.expect("an mtbi"));
        let mut idle = station();
        idle.robot.scheduled = found.breakeven_scheduled.expect("a share");
        for station in [cheap, fragile, idle] {
            let even = unit_cost(&station).expect("a cost");
            near(even.cost_robot, even.cost_human, 1e-12);
            near(even.npv, 0.0, 1e-6);
        }
        assert!(cheap.wage < 32.0 && idle.robot.scheduled < 0.85);
    }

    #[test]
    fn refuses() {
        for change in [
            |s: &mut Station| s.wage = -1.0,
            |s: &mut Station| s.robot.good = Figure::Assumed(1.01),
            |s: &mut Station| s.robot.availability = Figure::Assumed(0.0),
            |s: &mut Station| s.human.units_per_hour = f64::NAN,
            |s: &mut Station| s.investment.years = 0,
            |s: &mut Station| s.investment.years = u32::MAX,
            |s: &mut Station| s.running.damage = f64::INFINITY,
        ] {
            let mut station = station();
            change(&mut station);
            assert!(unit_cost(&station).is_err());
        }
    }
}
