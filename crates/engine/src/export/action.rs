//! Commands as positions to go to, or as what they add to where the joints are.
//!
//! ```text
//!   delta    = action − observation.state        absolute = action + observation.state
//! ```
//!
//! Both row by row, each element with the element of the state that has its name (`left_elbow.pos` is `left_elbow`), of numbers
//! as they are stored. A source that does not say what its commands are is taken to command positions, as everywhere here, and
//! the proof says so.
//!
//! **Invariant:** an element without its partner is never guessed by its place: the episode is left out, with the reason.

use serde::Serialize;

use crate::export::StoredEpisode;
use crate::export::choice::ActionForm;
use crate::export::features::Feature;
use crate::export::rows::FeatureRows;

/// The feature that commands are compared with.
const STATE: &str = "observation.state";

/// Elements that a reason names.
const TOLD: usize = 4;

/// What became of the numbers of a feature of commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Converted {
    /// What they are now.
    pub form: ActionForm,
    /// How they were computed; `None` where the source has them in this form.
    pub formula: Option<String>,
    /// Whether some source does not say what its commands are, so that they were taken for positions.
    pub assumed_absolute: bool,
}

/// Brings the commands of a laid episode into a form, or says why that cannot be.
pub(crate) fn convert(
    rows: &mut [FeatureRows],
    features: &[Feature],
    episode: &StoredEpisode,
    form: ActionForm,
) -> Result<(), String> {
    if form == ActionForm::AsIs {
        return Ok(());
    }
    let of_commands = |rows: &FeatureRows| {
        features.iter().find(|feature| feature.name == rows.feature).is_some_and(|feature| is_action(feature, episode))
    };
    let places: Vec<usize> = (0..rows.len()).filter(|at| of_commands(&rows[*at])).collect();
    if places.is_empty() {
        return Err(format!("it has no commands that `--action {}` could be about", form.name()));
    }
    for at in places {
        let is = representation(&rows[at].feature, features, episode)?;
        let sign = match (is.as_deref(), form) {
            (Some("absolute") | None, ActionForm::Delta) => -1.0,
            (Some("delta"), ActionForm::Absolute) => 1.0,
            (Some("velocity"), _) => {
                let feature = &rows[at].feature;
                return Err(format!(
                    "`{feature}` holds velocities, of which `--action {}` cannot be made",
                    form.name()
                ));
            }
            _ => 0.0,
        };
        let feature = rows[at].feature.clone();
        let mut formula = None;
        if sign != 0.0 {
            let partners = partners(&rows[at], rows)?;
            let state = rows.iter().position(|other| other.feature == STATE);
            // OK because `partners` found them there.
            let state = state.ok_or_else(|| format!("it has no `{STATE}`"))?;
            add(rows, at, state, &partners, sign)?;
            formula = Some(format!("{feature} {} {STATE}", if sign < 0.0 { '-' } else { '+' }));
        }
        rows[at].converted = Some(Converted { form, formula, assumed_absolute: is.is_none() });
    }
    Ok(())
}

/// Whether all streams of a feature are commands.
fn is_action(feature: &Feature, episode: &StoredEpisode) -> bool {
    feature.parts.iter().all(|part| {
        let stream = episode.streams.iter().find(|stream| stream.name == part.stream);
        stream.is_some_and(|stream| stream.kind == Some(prairie_model::StreamKind::Action))
    })
}

/// What the source says of the commands of a feature; `None` is unknown.
fn representation(feature: &str, features: &[Feature], episode: &StoredEpisode) -> Result<Option<String>, String> {
    let parts = features.iter().filter(|known| known.name == feature).flat_map(|known| &known.parts);
    let streams = parts.filter_map(|part| episode.streams.iter().find(|stream| stream.name == part.stream));
    let mut all: Vec<Option<String>> = streams.map(|stream| stream.representation.clone()).collect();
    all.sort();
    all.dedup();
    match &all[..] {
        [one] => Ok(one.clone()),
        // What is not said is taken for a position, too.
        [None, Some(known)] if known == "absolute" => Ok(None),
        several => {
            let told = several.iter().map(|one| one.as_deref().unwrap_or("unknown"));
            Err(format!(
                "the streams of `{feature}` are not of one representation: {}",
                told.collect::<Vec<_>>().join(", ")
            ))
        }
    }
}

/// The element of the state that belongs to each element of the commands.
fn partners(action: &FeatureRows, all: &[FeatureRows]) -> Result<Vec<usize>, String> {
    let feature = &action.feature;
    let state = all
        .iter()
        .find(|rows| rows.feature == STATE)
        .ok_or_else(|| format!("`{feature}` cannot be compared with `{STATE}`, which it does not have"))?;
    let plain = |name: &Option<String>| name.as_deref().map(|name| prairie_quality::joint_name(name).to_owned());
    let names: Vec<Option<String>> = state.elements.iter().map(plain).collect();
    let mut partners = Vec::with_capacity(action.width);
    let mut alone = Vec::new();
    for (element, shown) in action.elements.iter().zip(&action.names) {
        let wanted = plain(element);
        let mut places = names.iter().enumerate().filter(|(_, name)| name.is_some() && **name == wanted);
        match (places.next(), places.next()) {
            (Some((at, _)), None) => partners.push(at),
            (Some(_), Some(_)) => alone.push(format!("`{shown}` stands there more than once")),
            (None, _) if wanted.is_none() => alone.push(format!("`{shown}` has no name in the source")),
            (None, _) => alone.push(format!("`{shown}` is not there")),
        }
    }
    if alone.is_empty() {
        return Ok(partners);
    }
    let more = alone.len().saturating_sub(TOLD);
    alone.truncate(TOLD);
    if more > 0 {
        alone.push(format!("and so on for {more} more"));
    }
    Err(format!("the names of `{feature}` do not lead to elements of `{STATE}`: {}", alone.join(", ")))
}

/// Adds `sign` times the state to the commands, row by row.
fn add(rows: &mut [FeatureRows], action: usize, state: usize, partners: &[usize], sign: f64) -> Result<(), String> {
    let (values, width) = (rows[state].values.clone(), rows[state].width);
    let FeatureRows { feature, values: commands, number, width: wide, missing, .. } = &mut rows[action];
    for (row, command) in commands.chunks_exact_mut((*wide).max(1)).enumerate() {
        for (value, partner) in command.iter_mut().zip(partners) {
            // OK to index: every feature of an episode has the same rows, and a partner is an element of the state.
            let sum = *value + sign * values[row * width + partner];
            *missing += u64::from(sum.is_nan() && !value.is_nan());
            *value = number
                .stored(sum)
                .ok_or_else(|| format!("`{feature}` at row {row} would be {sum}, which is no {}", number.name()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::number::NumberType;

    fn rows(feature: &str, names: &[&str], values: &[f64]) -> FeatureRows {
        FeatureRows {
            feature: feature.to_owned(),
            values: values.to_vec(),
            number: NumberType::Float32,
            width: names.len(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            elements: names.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect(),
            samples: 0,
            missing: 0,
            largest_distance_ns: 0,
            largest_rounding: 0.0,
            converted: None,
        }
    }

    #[test]
    fn elements_meet_by_name_and_not_by_place() {
        let mut all = [
            rows("action", &["b.pos", "a"], &[5.0, 1.0, 7.0, 3.0]),
            rows(STATE, &["a", "other", "b"], &[0.5, 9.0, 4.0, 1.0, 9.0, f64::NAN]),
        ];
        let partners = partners(&all[0], &all).unwrap();
        assert_eq!(partners, [2, 0]);
        add(&mut all, 0, 1, &partners, -1.0).unwrap();
        assert_eq!(&all[0].values[..2], [1.0, 0.5]);
        assert!(all[0].values[2].is_nan());
        assert_eq!((all[0].values[3], all[0].missing), (2.0, 1));
    }

    #[test]
    fn what_has_no_partner_is_told() {
        let state = rows(STATE, &["a", "twice", "twice"], &[0.0; 3]);
        let told = |names: &[&str]| {
            let action = rows("action", names, &vec![0.0; names.len()]);
            partners(&action, std::slice::from_ref(&state)).unwrap_err()
        };
        assert_eq!(
            told(&["a", "c"]),
            "the names of `action` do not lead to elements of `observation.state`: `c` is not there"
        );
        assert!(told(&["twice"]).ends_with("`twice` stands there more than once"));
        assert!(told(&[""]).ends_with("`` has no name in the source"));
        assert!(told(&["c", "d", "e", "f", "g", "h"]).ends_with("and so on for 2 more"));
        let alone = rows("action", &["a"], &[0.0]);
        assert!(partners(&alone, &[]).unwrap_err().contains("does not have"));
    }
}
