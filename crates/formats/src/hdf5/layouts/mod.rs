//! How files are laid out: which of their groups are episodes. The first layout that knows a file arranges it.

mod agibot;
mod aloha;
mod generic;
mod robomimic;
mod robomind;

use super::episode::{Builder, Episode};
use super::facts::{Facts, tell_all};

/// A file, arranged.
#[derive(Debug, Default)]
pub(super) struct Arranged {
    /// Name of the layout.
    pub(super) profile: &'static str,
    pub(super) episodes: Vec<Episode>,
    /// What the file says about all of them.
    pub(super) facts: Facts,
}

/// Arranges a file; `None` where it has not this layout.
type Arrange = fn(&mut Builder<'_, '_>) -> Option<Arranged>;

/// Every layout, the most certain first. The last one knows all files.
const LAYOUTS: &[Arrange] = &[robomimic::arrange, agibot::arrange, robomind::arrange, aloha::arrange, generic::arrange];

/// Arranges a file in the first layout that knows it.
pub(super) fn arrange(builder: &mut Builder<'_, '_>) -> Arranged {
    LAYOUTS.iter().find_map(|arrange| arrange(builder)).unwrap_or_default()
}

/// What the attributes of a group say.
fn facts_of(builder: &Builder<'_, '_>, node: usize) -> Facts {
    let mut facts = Facts::new();
    tell_all(builder.file, &mut facts, "", &builder.tree.attributes(builder.file, node));
    facts
}

/// A node right in the root that is a group.
fn group(builder: &Builder<'_, '_>, path: &str) -> Option<usize> {
    let node = builder.tree.find(0, path)?;
    builder.tree.nodes[node].dataset().is_none().then_some(node)
}

/// A file whose root is its only episode.
fn root_episode(
    builder: &mut Builder<'_, '_>,
    profile: &'static str,
    rate: f64,
    skips: &dyn Fn(&str) -> bool,
) -> Option<Arranged> {
    let facts = facts_of(builder, 0);
    let spec = super::episode::Spec {
        node: 0,
        key: "/".to_owned(),
        skips,
        facts: &facts,
        rate,
        states: None,
        is_unknown: false,
    };
    let episode = builder.episode(&spec)?;
    Some(Arranged { profile, episodes: vec![episode], facts })
}
