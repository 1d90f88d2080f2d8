//! The same datasets in the oldest and in the newest form of the format: what is read of them is the same.

use crate::support;

#[test]
fn old_and_new_files_hold_the_same() {
    let seeds = support::seeds();
    let mut compared = 0;
    for (name, old) in seeds.iter().filter(|(name, _)| name.ends_with("-earliest")) {
        let kind = name.trim_end_matches("-earliest");
        let Some((_, new)) = seeds.iter().find(|(other, _)| *other == format!("{kind}-latest")) else { continue };
        assert_ne!(old[8], new[8], "{kind}: the superblocks have one version");
        let [old, new] =
            [old, new].map(|bytes| support::read(&support::memory(bytes.clone())).expect("it is readable"));
        assert_eq!(old.plan.episodes, new.plan.episodes, "{kind}");
        assert_eq!(old.plan.attributes, new.plan.attributes, "{kind}");
        assert_eq!(old.texts(), new.texts(), "{kind}");
        assert_eq!(old.channels.len(), new.channels.len(), "{kind}");
        for (place, got) in &old.channels {
            let other = &new.channels[place];
            assert_eq!(
                (got.rows, got.digest(), &got.times),
                (other.rows, other.digest(), &other.times),
                "{kind} {place:?}"
            );
            compared += 1;
        }
    }
    assert!(compared > 70, "{compared} datasets were compared");
}

#[test]
fn what_a_file_says_beside_its_rows_is_kept() {
    let seeds = support::seeds();
    let read = |name: &str| {
        let (_, bytes) = seeds.iter().find(|(other, _)| other == name).expect("a seed");
        support::read(&support::memory(bytes.clone())).expect("it is readable")
    };
    let robomind = read("robomind-latest");
    assert_eq!(robomind.plan.profile.as_deref(), Some("robomind"));
    assert_eq!(robomind.plan.episodes[0].task.as_deref(), Some("put the cup on the plate"));
    assert_eq!(robomind.plan.episodes[0].attributes["language_distilbert.shape"], "1 x 1 x 768");
    let groups = read("groups-latest");
    let keys: Vec<_> = groups.plan.episodes.iter().map(|episode| episode.key.as_str()).take(4).collect();
    let deep = (0..20).map(|level| format!("level{level}")).collect::<Vec<_>>().join("/");
    assert_eq!(keys, [deep.as_str(), "wide/episode_0", "wide/episode_1", "wide/episode_2"]);
    let channel = groups.plan.channels.iter().find(|channel| !channel.names.is_empty()).expect("names");
    assert_eq!(channel.names, ["left", "right"]);
    let types = read("types-earliest");
    let channel = |topic: &str| types.plan.channels.iter().find(|channel| channel.topic == topic).expect("a channel");
    assert_eq!(channel("enum").metadata["enumeration"], "OPEN=0, SHUT=7");
    assert_eq!(channel("numbers/tensor").shape, [2, 3, 4]);
    assert_eq!(channel("arrays").shape, [2, 3]);
    assert_eq!(channel("references").undecodable.as_deref(), Some("references are not read"));
    assert!(channel("compound.in.b").fields.is_some());
    assert_eq!(types.plan.episodes[0].attributes["scalar"], "3.5");
}
