//! Overall equipment effectiveness, in the terms of ISO 22400-2:2014, counting autonomous work only.
//!
//! ```text
//!   planned busy time (PBT)
//!   |-- production (APT) ----------------|-- delays, stops --|
//!   |-- autonomous --|-- assisted -------|
//! ```
//!
//! Seconds in which a person assists or drives the robot are no production time here: they are a loss of availability. A
//! unit counts where all of its work was autonomous. Performance above 100 % is reported as it is: capping it would hide a
//! wrong planned time.

use serde::{Deserialize, Serialize};

use crate::bound::{StatError, within};

/// Times in seconds and counts of one period, of one station or summed over several.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Planned busy time (PBT): the time that work was planned for.
    pub planned_busy_s: f64,
    /// Actual unit busy time (AUBT): the time that the station was at work on an order, delays included.
    pub busy_s: f64,
    /// Actual unit processing time (AUPT): production and setup.
    pub processing_s: f64,
    /// Actual production time (APT): the time that units were made in, autonomous or assisted.
    pub production_s: f64,
    /// The part of the production time in which a person assisted, drove or reset the robot.
    pub assisted_s: f64,
    /// Actual order execution time (AOET): from the order's start to its end.
    pub order_s: f64,
    /// Planned run time per item (PRI), in seconds.
    pub planned_per_item_s: f64,
    /// Produced quantity (PQ): units of every outcome, assisted ones included.
    pub produced: u64,
    /// Units of every outcome that were made without any assistance.
    pub produced_autonomous: u64,
    /// Good quantity (GQ), assisted units included: good at first pass, without rework.
    pub good: u64,
    /// Good units that were made without any assistance.
    pub good_autonomous: u64,
}

/// The indicators of a period. One whose divisor is zero is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effectiveness {
    /// Availability: autonomous production time by planned busy time.
    pub availability: f64,
    /// What assistance took from availability: assisted time by planned busy time.
    pub assistance_loss: f64,
    /// Effectiveness: `PRI · PQ / APT` of autonomous units and seconds.
    pub effectiveness: Option<f64>,
    /// Quality ratio: good by produced, of autonomous units.
    pub quality_ratio: Option<f64>,
    /// The product of the three: `PRI · good autonomous units / PBT`, so it has a value even where nothing was produced.
    pub oee: f64,
    /// The same with assisted seconds and units counted as though nobody had helped; for display beside `oee` only.
    pub oee_with_assistance: f64,
    /// Net equipment effectiveness with assistance: `AUPT/PBT · effectiveness · quality ratio`, which forgives setup.
    pub net_equipment_effectiveness: Option<f64>,
    /// Allocation efficiency: `AUBT / PBT`.
    pub allocation_efficiency: f64,
    /// Utilization efficiency: autonomous production time by AUBT.
    pub utilization_efficiency: Option<f64>,
    /// Throughput rate: produced quantity by order execution time, in units per hour.
    pub throughput_per_h: Option<f64>,
}

fn ratio(above: f64, below: f64) -> Option<f64> {
    (below > 0.0).then(|| above / below).filter(|ratio| ratio.is_finite())
}

impl Period {
    fn check(&self) -> Result<(), StatError> {
        const SECONDS: &str = "seconds, from 0 to 1e12";
        within("planned_busy_s", self.planned_busy_s, 1e-6..=1e12, "seconds, from 1e-6 to 1e12")?;
        within("planned_per_item_s", self.planned_per_item_s, 1e-9..=1e9, "seconds, from 1e-9 to 1e9")?;
        within("busy_s", self.busy_s, 0.0..=1e12, SECONDS)?;
        within("processing_s", self.processing_s, 0.0..=1e12, SECONDS)?;
        within("production_s", self.production_s, 0.0..=1e12, SECONDS)?;
        within("assisted_s", self.assisted_s, 0.0..=1e12, SECONDS)?;
        within("order_s", self.order_s, 0.0..=1e12, SECONDS)?;
        if self.assisted_s > self.production_s {
            return Err(StatError::Mismatch("assisted time is longer than production time"));
        }
        if self.production_s > self.processing_s || self.processing_s > self.busy_s {
            return Err(StatError::Mismatch("production is part of processing, and processing of busy time"));
        }
        if self.good > self.produced || self.good_autonomous > self.produced_autonomous {
            return Err(StatError::Mismatch("there are more good units than produced ones"));
        }
        if self.produced_autonomous > self.produced || self.good_autonomous > self.good {
            return Err(StatError::Mismatch("there are more autonomous units than units"));
        }
        Ok(())
    }
}

/// The indicators of a period, after ISO 22400-2:2014.
///
/// # Errors
/// Where times are negative or not finite, parts are larger than their whole, or counts contradict each other.
pub fn effectiveness(period: &Period) -> Result<Effectiveness, StatError> {
    period.check()?;
    // OK: counts beyond 2^53 do not occur, and would lose their last digits only.
    let produced = period.produced as f64;
    let produced_autonomous = period.produced_autonomous as f64;
    let (good, good_autonomous) = (period.good as f64, period.good_autonomous as f64);
    let autonomous_s = period.production_s - period.assisted_s;
    let assisted_effectiveness = ratio(period.planned_per_item_s * produced, period.production_s);
    let assisted_quality = ratio(good, produced);
    Ok(Effectiveness {
        availability: autonomous_s / period.planned_busy_s,
        assistance_loss: period.assisted_s / period.planned_busy_s,
        effectiveness: ratio(period.planned_per_item_s * produced_autonomous, autonomous_s),
        quality_ratio: ratio(good_autonomous, produced_autonomous),
        oee: period.planned_per_item_s * good_autonomous / period.planned_busy_s,
        oee_with_assistance: period.planned_per_item_s * good / period.planned_busy_s,
        net_equipment_effectiveness: assisted_effectiveness
            .zip(assisted_quality)
            .map(|(effectiveness, quality)| period.processing_s / period.planned_busy_s * effectiveness * quality),
        allocation_efficiency: period.busy_s / period.planned_busy_s,
        utilization_efficiency: ratio(autonomous_s, period.busy_s),
        throughput_per_h: ratio(3600.0 * produced, period.order_s),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{found} is not {expected}");
    }

    /// An hour of planned time: 3,000 s busy, 2,800 s processing of which 2,600 s production, 200 s of it assisted.
    const HOUR: Period = Period {
        planned_busy_s: 3_600.0,
        busy_s: 3_000.0,
        processing_s: 2_800.0,
        production_s: 2_600.0,
        assisted_s: 200.0,
        order_s: 3_200.0,
        planned_per_item_s: 40.0,
        produced: 60,
        produced_autonomous: 54,
        good: 57,
        good_autonomous: 52,
    };

    #[test]
    fn by_hand() {
        let found = effectiveness(&HOUR).expect("an answer");
        near(found.availability, 2_400.0 / 3_600.0);
        near(found.assistance_loss, 200.0 / 3_600.0);
        near(found.effectiveness.expect("production"), 40.0 * 54.0 / 2_400.0);
        near(found.quality_ratio.expect("units"), 52.0 / 54.0);
        near(found.oee, 40.0 * 52.0 / 3_600.0);
        near(found.oee, 2.0 / 3.0 * 0.9 * 52.0 / 54.0);
        near(found.oee_with_assistance, 40.0 * 57.0 / 3_600.0);
        near(found.net_equipment_effectiveness.expect("production"), 2_800.0 / 3_600.0 * (2_400.0 / 2_600.0) * 0.95);
        near(found.allocation_efficiency, 3_000.0 / 3_600.0);
        near(found.utilization_efficiency.expect("busy"), 0.8);
        near(found.throughput_per_h.expect("an order"), 67.5);
    }

    #[test]
    fn performance_is_not_capped() {
        let found = effectiveness(&Period { planned_per_item_s: 60.0, ..HOUR }).expect("an answer");
        near(found.effectiveness.expect("production"), 1.35);
    }

    #[test]
    fn nothing_produced_is_zero_and_not_unknown() {
        let none = Period { produced: 0, produced_autonomous: 0, good: 0, good_autonomous: 0, ..HOUR };
        let found = effectiveness(&none).expect("an answer");
        assert_eq!((found.oee, found.quality_ratio, found.effectiveness), (0.0, None, Some(0.0)));
        let idle = Period { production_s: 0.0, assisted_s: 0.0, processing_s: 0.0, busy_s: 0.0, order_s: 0.0, ..none };
        let found = effectiveness(&idle).expect("an answer");
        assert_eq!((found.oee, found.effectiveness, found.throughput_per_h), (0.0, None, None));
    }

    #[test]
    fn contradictions_are_refused() {
        for wrong in [
            Period { assisted_s: 2_700.0, ..HOUR },
            Period { good: 61, ..HOUR },
            Period { produced_autonomous: 61, ..HOUR },
            Period { busy_s: f64::NAN, ..HOUR },
            Period { planned_busy_s: 0.0, ..HOUR },
            Period { processing_s: 2_000.0, ..HOUR },
        ] {
            assert!(effectiveness(&wrong).is_err(), "{wrong:?}");
        }
    }
}
