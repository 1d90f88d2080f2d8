//! The calendar, as checks ask it.

use std::collections::BTreeMap;

use prairie_model::{Nanos, Shift};

/// Shifts per station.
#[derive(Debug, Default)]
pub(super) struct Calendar {
    stations: BTreeMap<String, Vec<Shift>>,
    sorted: bool,
}

impl Calendar {
    pub(super) fn add(&mut self, shift: &Shift) {
        self.sorted = false;
        self.stations.entry(shift.station.clone()).or_default().push(shift.clone());
    }

    /// Whether the station has a calendar.
    pub(super) fn knows(&self, station: &str) -> bool {
        self.stations.contains_key(station)
    }

    /// The shift at a time, from its start to before its end; the place of it in the station's calendar.
    pub(super) fn shift_at(&mut self, station: &str, at: Nanos) -> Option<usize> {
        self.sort();
        let shifts = self.stations.get(station)?;
        let place = shifts.partition_point(|shift| shift.span.start <= at).checked_sub(1)?;
        shifts.get(place).filter(|shift| at <= shift.span.end).map(|_| place)
    }

    /// Pairs of neighbours that overlap: station, names, seconds.
    pub(super) fn overlaps(&mut self) -> Vec<(String, String, String, f64)> {
        self.sort();
        let mut found = Vec::new();
        for (station, shifts) in &self.stations {
            for pair in shifts.windows(2).filter(|pair| pair[0] != pair[1]) {
                let overlap = pair[0].span.end.0.saturating_sub(pair[1].span.start.0);
                if overlap > 0 || pair[0].shift == pair[1].shift {
                    // OK to cast: nanoseconds of a shift.
                    let seconds = overlap.max(0) as f64 / 1e9;
                    found.push((station.clone(), pair[0].shift.clone(), pair[1].shift.clone(), seconds));
                }
            }
        }
        found
    }

    fn sort(&mut self) {
        if !self.sorted {
            let key = |shift: &Shift| (shift.span.start, shift.span.end, shift.shift.clone());
            self.stations.values_mut().for_each(|shifts| shifts.sort_by_cached_key(key));
            self.sorted = true;
        }
    }
}
