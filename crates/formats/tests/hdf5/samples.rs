//! Recordings and conformance files by others: each is read, or refused with a reason.

use prairie_formats::sniff;

use crate::{peer, support};

#[test]
fn every_sample_is_read_or_refused_with_a_reason() {
    let files = support::sample_files();
    let python = support::python();
    for (name, bytes) in &files {
        let source = support::memory(bytes.clone());
        let claimed = sniff(&source).map(|reader| reader.name().to_owned());
        assert_eq!(claimed.ok().as_deref(), Some("hdf5"), "{name}");
        let recording = match support::read(&source) {
            Ok(recording) => recording,
            Err(error) => {
                println!("{name}: refused: {error}");
                continue;
            }
        };
        let episodes = recording.plan.episodes.len();
        println!("{name}: {episodes} episodes, {} rows, {:?}", recording.rows(), recording.texts());
        let is_robot = name.starts_with("robosuite");
        if is_robot {
            assert_eq!(recording.plan.profile.as_deref(), Some("robomimic"), "{name}");
            assert!(recording.summary.complete && recording.notes.is_empty(), "{name}: {:?}", recording.texts());
        }
        let Some(python) = &python else { continue };
        let path = support::samples("samples").expect("there").join(name);
        let group = |key: &str| match key {
            "/" => String::new(),
            key if is_robot => format!("data/{key}/"),
            key => format!("{key}/"),
        };
        match peer::compare(python, &path, &recording, group) {
            Ok((agreed, unseen)) => {
                println!("    {agreed} datasets agree with h5py, which alone reads {unseen:?}");
                let empty = |name: &String| name.ends_with("_dpos") || name.ends_with("_dquat");
                assert!(!is_robot || unseen.iter().all(empty), "{name}: {unseen:?}");
            }
            Err(why) => println!("    h5py: {}", why.lines().last().unwrap_or_default()),
        }
    }
}
