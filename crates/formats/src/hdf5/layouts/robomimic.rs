//! robomimic, robosuite, MimicGen, LIBERO: one group per demonstration.
//!
//! ```text
//!   data/            env_args (JSON): env_name, env_kwargs.control_freq = rate; older: env, env_info
//!     demo_0/        num_samples, model_file
//!       obs/*  actions  rewards  dones  states        older: joint_velocities, gripper_actuations, …
//!       next_obs/*   the rows of obs, one row later
//!   mask/*           lists of demonstrations: train, valid
//! ```
//!
//! `next_obs` is not read: all of its rows but the last are those of `obs` again, so reading it would count every observation and
//! every picture twice. The episode says that it is there, and how many datasets it has.

use super::super::container::{Dataset, Rows};
use super::super::episode::{Builder, Spec};
use super::super::facts::Small;
use super::super::facts::small;
use super::{Arranged, facts_of, group};

/// Rows per second, as robosuite's environments are run where nobody says otherwise.
const RATE: f64 = 20.0;

/// Bytes of one list of demonstrations.
const MASK_MAX: u64 = 16 << 20;

pub(super) fn arrange(builder: &mut Builder<'_, '_>) -> Option<Arranged> {
    let data = group(builder, "data")?;
    let demos: Vec<usize> = builder.tree.groups(data).collect();
    let named = |node: &usize| {
        let name = builder.tree.nodes[*node].name();
        name.strip_prefix("demo")
            .or_else(|| name.strip_prefix("episode"))
            .is_some_and(|rest| rest.trim_start_matches('_').bytes().all(|byte| byte.is_ascii_digit()))
    };
    if !demos.iter().any(named) {
        return None;
    }
    let mut facts = facts_of(builder, 0);
    facts.extend(facts_of(builder, data));
    let masks = masks(builder);
    let skips = |topic: &str| topic.starts_with("next_obs/");
    let mut episodes = Vec::new();
    for node in demos {
        let key = builder.tree.nodes[node].name().to_owned();
        let spec = Spec {
            node,
            key: key.clone(),
            skips: &skips,
            facts: &facts,
            rate: RATE,
            states: Some("states"),
            is_unknown: false,
        };
        let Some(mut episode) = builder.episode(&spec) else { continue };
        let attributes = &mut episode.source.attributes;
        if let Some(count) = attributes.remove("skipped_datasets") {
            let text = format!("{count} datasets, not read: all rows but the last are those of `obs`, one row later");
            attributes.insert("next_obs".to_owned(), text);
        }
        let of: Vec<&str> =
            masks.iter().filter(|(_, demos)| demos.contains(&key)).map(|(name, _)| name.as_str()).collect();
        if !of.is_empty() {
            attributes.insert("mask".to_owned(), of.join(", "));
        }
        episodes.push(episode);
    }
    Some(Arranged { profile: "robomimic", episodes, facts })
}

/// The lists of demonstrations, by name.
fn masks(builder: &Builder<'_, '_>) -> Vec<(String, std::collections::BTreeSet<String>)> {
    let Some(mask) = group(builder, "mask") else { return Vec::new() };
    let read = |node: usize| {
        let head = builder.tree.nodes[node].dataset()?;
        let [leaf] = &head.leaves[..] else { return None };
        let header = builder.file.header(head.address).ok()?;
        let mut rows = Rows::open(builder.file, Dataset::of(builder.file, &header).ok()?).ok()?;
        let bytes = head.elements()?.checked_mul(head.element as u64)?;
        // A list of more bytes than the file may have is none.
        if bytes > MASK_MAX {
            return None;
        }
        let mut all = Vec::new();
        rows.read(builder.file, 0..rows.rows(), &mut all).ok()?;
        match small(builder.file, leaf, head.element, &all)? {
            Small::Texts(texts) => Some(texts.into_iter().collect()),
            _ => None,
        }
    };
    let lists = builder
        .tree
        .datasets(mask)
        .filter_map(|(node, _)| Some((builder.tree.nodes[node].name().to_owned(), read(node)?)));
    lists.collect()
}
