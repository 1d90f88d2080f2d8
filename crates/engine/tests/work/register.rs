use std::collections::BTreeMap;

use prairie_model::register::RegisterKind;

use super::{lines, repository, rows, store};

/// The examples of `docs/reference/register.md`, in their order: kind and TOML.
fn examples() -> Vec<(RegisterKind, String)> {
    let page = std::fs::read_to_string(repository().join("docs/reference/register.md")).unwrap();
    let mut examples = Vec::new();
    for part in page.split("```toml").skip(1) {
        let text = part.split("```").next().unwrap();
        let first = text.trim_start().lines().next().unwrap();
        let kind = first.strip_prefix("# ").and_then(|rest| rest.split('.').next()).unwrap();
        examples.push((
            RegisterKind::from_name(kind).unwrap_or_else(|| panic!("`{first}` names no kind")),
            text.to_owned(),
        ));
    }
    examples
}

#[test]
fn the_examples_of_the_page_can_be_registered_in_their_order() {
    let (_dir, engine) = store();
    let mut kinds: BTreeMap<RegisterKind, u32> = BTreeMap::new();
    for (kind, text) in examples() {
        let report = engine.register(kind, &text, &[]).unwrap_or_else(|error| panic!("{kind:?}: {error}\n{text}"));
        assert!(!report.already && report.version == 1, "{report:?}");
        *kinds.entry(kind).or_default() += 1;
    }
    assert!(RegisterKind::ALL.iter().all(|kind| kinds.contains_key(kind)), "an example of each kind: {kinds:?}");
    let leaves = lines(&engine, "SELECT reference FROM ledger WHERE kind = 'register' ORDER BY reference");
    assert_eq!(leaves.len() as u32, kinds.values().sum::<u32>());
    for (table, kind) in [
        ("consortia", RegisterKind::Consortium),
        ("modules", RegisterKind::Module),
        ("parties", RegisterKind::Party),
        ("people", RegisterKind::Person),
        ("releases", RegisterKind::Release),
        ("robots", RegisterKind::Robot),
        ("scenarios", RegisterKind::Scenario),
        ("stations", RegisterKind::Station),
    ] {
        let found = lines(&engine, &format!("SELECT version FROM {table} WHERE current"));
        assert_eq!(found.len() as u32, kinds[&kind], "{table}");
    }
    let robot = &rows(&engine, "SELECT * FROM robots WHERE identity IS NOT NULL")[0];
    let parts: String =
        ["country", "maker_code", "model_code", "serial"].map(|part| robot[part].as_str().unwrap()).concat();
    assert_eq!(parts, robot["identity"].as_str().unwrap());
    let met = lines(&engine, "SELECT need_met, economy_met, counter_independent FROM stations");
    assert_eq!(met, ["true true true"]);
}

#[test]
fn every_change_is_a_new_version_and_none_is_lost() {
    let (_dir, engine) = store();
    let set =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>();
    let part = |revision: &str| set(&[("module", "grip-0017"), ("kind", "gripper"), ("revision", revision)]);
    assert_eq!(engine.register(RegisterKind::Module, "", &part("B")).unwrap().version, 1);
    let again = engine.register(RegisterKind::Module, "", &part("B")).unwrap();
    assert!(again.already && again.version == 1);
    assert_eq!(engine.register(RegisterKind::Module, "", &part("C")).unwrap().version, 2);
    let back = engine.register(RegisterKind::Module, "", &part("B")).unwrap();
    assert_eq!((back.version, back.already), (3, false), "a change back is a change too");
    let entries = engine.registered(Some(RegisterKind::Module)).unwrap();
    let revisions: Vec<_> =
        entries[0].versions.iter().map(|version| version.entry["revision"].as_str().unwrap()).collect();
    assert_eq!(revisions, ["B", "C", "B"]);
    assert_eq!(lines(&engine, "SELECT module, version FROM modules WHERE current"), ["grip-0017 3"]);
    let before = engine.snapshot().unwrap() - 1;
    let mut text = Vec::new();
    engine.query("SELECT revision FROM modules WHERE current", Some(before)).unwrap().write_csv(&mut text).unwrap();
    assert_eq!(String::from_utf8(text).unwrap().lines().nth(1), Some("C"));
    assert_eq!(lines(&engine, "SELECT count(*) FROM ledger WHERE kind = 'register'"), ["3"]);
}

#[test]
fn what_is_wrong_is_refused_by_name() {
    let (_dir, engine) = store();
    let refused = |kind, text: &str| engine.register(kind, text, &[]).unwrap_err().to_string();
    let short = refused(RegisterKind::Robot, "robot = \"r-1\"\nidentity = \"CN0451G1EDU0\"");
    assert!(short.contains("has 12 characters, and an identity has 29"), "{short}");
    let unknown = refused(RegisterKind::Robot, "robot = \"r-1\"\nmaker = \"nobody\"");
    assert_eq!(
        unknown,
        "robot `r-1` mentions party `nobody`, which is not registered; `prairie register party` does it"
    );
    let identity = "CN0451G1EDU0202600000000012AB";
    engine.register(RegisterKind::Robot, &format!("robot = \"r-1\"\nidentity = \"{identity}\""), &[]).unwrap();
    let twice = refused(RegisterKind::Robot, &format!("robot = \"r-2\"\nidentity = \"{identity}\""));
    assert!(twice.contains("it is that of robot `r-1`"), "{twice}");
    let other = refused(RegisterKind::Robot, "robot = \"r-1\"\nidentity = \"CN0451G1EDU0202600000000012AC\"");
    assert!(other.contains("keeps it for its life"), "{other}");
    assert_eq!(engine.registered(None).unwrap().len(), 1);
}

#[test]
fn people_are_pseudonyms_of_their_store() {
    let (_one, engine) = store();
    let (_two, other) = store();
    let pseudonym = engine.pseudonym("李雷").unwrap();
    assert_eq!(pseudonym, engine.pseudonym(" 李雷 ").unwrap());
    assert_ne!(pseudonym, other.pseudonym("李雷").unwrap(), "salted with a secret of the store");
    engine.register(RegisterKind::Person, "", &[("person".to_owned(), pseudonym.clone())]).unwrap();
    assert_eq!(lines(&engine, "SELECT person FROM people"), [pseudonym]);
    assert!(engine.register(RegisterKind::Person, "person = \"lilei\"", &[]).is_err());
}
