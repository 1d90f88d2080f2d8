//! Any other file: a group whose datasets have the same number of rows is an episode.
//!
//! Groups are looked at from the root down. Where all rows of a group lie in groups with numbered names (`episode_0`,
//! `episode_1`), each of these is looked at instead; else the group is an episode if most of its datasets, with those of the groups
//! in it, have one number of rows; else its groups are looked at.

use super::super::episode::{Builder, Spec, common_rows};
use super::{Arranged, facts_of};

/// Rows per second where nobody says anything.
const RATE: f64 = 30.0;

pub(super) fn arrange(builder: &mut Builder<'_, '_>) -> Option<Arranged> {
    let facts = facts_of(builder, 0);
    let mut episodes = Vec::new();
    for (node, alone) in episode_groups(builder) {
        let path = builder.tree.nodes[node].path.trim_start_matches('/');
        let key = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        let skips = |topic: &str| alone && topic.contains('/');
        let spec = Spec { node, key, skips: &skips, facts: &facts, rate: RATE, states: None, is_unknown: true };
        let Some(mut episode) = builder.episode(&spec) else { continue };
        if alone {
            episode.source.attributes.remove("skipped_datasets");
        }
        episodes.push(episode);
    }
    Some(Arranged { profile: "generic", episodes, facts })
}

/// The groups that are episodes, and whether only the datasets right in them belong to them.
fn episode_groups(builder: &Builder<'_, '_>) -> Vec<(usize, bool)> {
    let tree = builder.tree;
    // How many rows each dataset in a group has.
    let rows = |node: usize| -> Vec<u64> {
        let heads = tree.all_datasets(node).into_iter().filter_map(|node| tree.nodes[node].dataset());
        heads
            .filter_map(|head| head.rows().filter(|rows| *rows > 0 && head.dims[1..].iter().all(|dim| *dim > 0)))
            .collect()
    };
    let mut found = Vec::new();
    let mut waiting = vec![0];
    while let Some(node) = waiting.pop() {
        let groups: Vec<usize> = tree.groups(node).filter(|group| !rows(*group).is_empty()).collect();
        let all = rows(node);
        if all.is_empty() {
            continue;
        }
        let inside: usize = groups.iter().map(|group| rows(*group).len()).sum();
        let numbered = groups.iter().all(|group| tree.nodes[*group].name().bytes().any(|byte| byte.is_ascii_digit()));
        let common = common_rows(all.iter().copied());
        let alike = all.iter().filter(|rows| Some(**rows) == common).count();
        if inside == all.len() && numbered {
            waiting.extend(groups.into_iter().rev());
        } else if alike * 3 >= all.len() * 2 || groups.is_empty() {
            found.push((node, false));
        } else {
            // What lies right in it is an episode of its own, unless it is single values.
            if tree.datasets(node).any(|(_, head)| head.rows().is_some_and(|rows| rows > 1)) {
                found.push((node, true));
            }
            waiting.extend(groups.into_iter().rev());
        }
    }
    found
}
