//! From what checks came to, to dimensions, to a decision.

use std::collections::BTreeMap;

use prairie_model::{CheckResult, Decision, Dimension, DimensionState};

use crate::check::Check;
use crate::profile::Required;

/// The worst that two states come to: fail, repair, unknown, pass, not applicable.
fn worse(one: DimensionState, other: DimensionState) -> DimensionState {
    const fn rank(state: DimensionState) -> u8 {
        match state {
            DimensionState::NotApplicable => 0,
            DimensionState::Pass => 1,
            DimensionState::Unknown => 2,
            DimensionState::Repair => 3,
            DimensionState::Fail => 4,
        }
    }
    if rank(one) >= rank(other) { one } else { other }
}

/// The state of every dimension: the worst of the checks that inform it, over those that apply.
///
/// Diversity is a property of a dataset, so it is never applicable here.
pub fn dimensions(checks: &[CheckResult]) -> BTreeMap<Dimension, DimensionState> {
    let mut states: BTreeMap<_, _> = Dimension::ALL.iter().map(|d| (*d, DimensionState::NotApplicable)).collect();
    for result in checks {
        if let Some(check) = Check::find(&result.code) {
            let state = states.entry(check.doc.dimension).or_insert(DimensionState::NotApplicable);
            *state = worse(*state, result.state);
        }
    }
    states
}

/// The decision on an episode.
///
/// Of what is required (dimensions, and checks in their own right): any `fail` rejects; else any `repair` asks for repair, since
/// `repair` means that listed repairs cure everything that failed; else any `unknown` leaves it unknown; else it is accepted. A
/// veto is a check whose failure counts as if it were required, while its other states do not.
///
/// What is not applicable decides nothing; but where nothing at all that is required passed, there is no evidence, and the
/// decision is unknown. Unknown never passes.
pub fn decide(
    dimensions: &BTreeMap<Dimension, DimensionState>,
    checks: &[CheckResult],
    required: &Required,
) -> Decision {
    let of_dimensions = required.dimensions.iter().filter_map(|dimension| dimensions.get(dimension).copied());
    let of_checks = required.checks.iter().map(|code| {
        // A required check that did not run is as unknown as one without its input.
        checks.iter().find(|result| result.code == *code).map_or(DimensionState::Unknown, |result| result.state)
    });
    let of_vetoes = checks.iter().filter(|result| required.vetoes.contains(&result.code)).map(|result| result.state);
    let of_vetoes = of_vetoes.filter(|state| matches!(state, DimensionState::Fail | DimensionState::Repair));
    let worst = of_dimensions.chain(of_checks).chain(of_vetoes).fold(DimensionState::NotApplicable, worse);
    match worst {
        DimensionState::Fail => Decision::Reject,
        DimensionState::Repair => Decision::Repair,
        DimensionState::Unknown | DimensionState::NotApplicable => Decision::Unknown,
        DimensionState::Pass => Decision::Accept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [DimensionState; 5] = [
        DimensionState::Pass,
        DimensionState::Repair,
        DimensionState::Fail,
        DimensionState::Unknown,
        DimensionState::NotApplicable,
    ];

    fn result(code: &str, state: DimensionState) -> CheckResult {
        CheckResult { code: code.to_owned(), state, reason: None }
    }

    /// The rule of the page, word for word, for two required dimensions.
    fn by_the_book(one: DimensionState, two: DimensionState) -> Decision {
        let any = |state| one == state || two == state;
        if any(DimensionState::Fail) {
            Decision::Reject
        } else if any(DimensionState::Repair) {
            Decision::Repair
        } else if any(DimensionState::Unknown) || !any(DimensionState::Pass) {
            Decision::Unknown
        } else {
            Decision::Accept
        }
    }

    #[test]
    fn the_whole_table_of_two_required_dimensions() {
        let required = Required {
            dimensions: vec![Dimension::Completeness, Dimension::Usability],
            checks: Vec::new(),
            vetoes: Vec::new(),
        };
        for one in STATES {
            for two in STATES {
                for other in STATES {
                    let states = BTreeMap::from([
                        (Dimension::Completeness, one),
                        (Dimension::Usability, two),
                        (Dimension::Security, other),
                    ]);
                    let decision = decide(&states, &[], &required);
                    assert_eq!(decision, by_the_book(one, two), "{one:?} {two:?}, not required {other:?}");
                }
            }
        }
    }

    #[test]
    fn a_required_check_counts_like_a_dimension() {
        let required = Required {
            dimensions: vec![Dimension::Completeness],
            checks: vec!["SIG005".to_owned()],
            vetoes: Vec::new(),
        };
        let states = BTreeMap::from([(Dimension::Completeness, DimensionState::Pass)]);
        for state in STATES {
            let decision = decide(&states, &[result("SIG005", state)], &required);
            assert_eq!(decision, by_the_book(DimensionState::Pass, state), "{state:?}");
        }
        assert_eq!(decide(&states, &[], &required), Decision::Unknown, "a required check that never ran");
    }

    #[test]
    fn a_veto_only_rejects() {
        let required = Required {
            dimensions: vec![Dimension::Completeness],
            checks: Vec::new(),
            vetoes: vec!["SIG005".to_owned()],
        };
        let states = BTreeMap::from([(Dimension::Completeness, DimensionState::Pass)]);
        let expected = [Decision::Accept, Decision::Repair, Decision::Reject, Decision::Accept, Decision::Accept];
        for (state, expected) in STATES.into_iter().zip(expected) {
            assert_eq!(decide(&states, &[result("SIG005", state)], &required), expected, "{state:?}");
        }
        let nothing = BTreeMap::from([(Dimension::Completeness, DimensionState::NotApplicable)]);
        assert_eq!(decide(&nothing, &[result("SIG005", DimensionState::Pass)], &required), Decision::Unknown);
    }

    #[test]
    fn nothing_required_is_no_evidence() {
        let required = Required { dimensions: Vec::new(), checks: Vec::new(), vetoes: Vec::new() };
        assert_eq!(decide(&dimensions(&[]), &[], &required), Decision::Unknown);
    }

    #[test]
    fn a_dimension_is_as_good_as_its_worst_check() {
        let of = |states: &[DimensionState]| {
            // FMT001 and FMT002 both inform completeness.
            let codes = ["FMT001", "FMT002"];
            let results: Vec<_> = codes.iter().zip(states).map(|(code, state)| result(code, *state)).collect();
            dimensions(&results)[&Dimension::Completeness]
        };
        use DimensionState::{Fail, NotApplicable, Pass, Repair, Unknown};
        assert_eq!(of(&[Pass, NotApplicable]), Pass);
        assert_eq!(of(&[Pass, Unknown]), Unknown, "unknown never passes");
        assert_eq!(of(&[Unknown, Repair]), Repair);
        assert_eq!(of(&[Repair, Fail]), Fail);
        assert_eq!(of(&[]), NotApplicable);
        assert_eq!(dimensions(&[])[&Dimension::Diversity], NotApplicable);
    }
}
