use std::fs;

use super::repository;

#[test]
fn no_public_claim_demonstrates_anything_and_each_says_why() {
    let mut names = Vec::new();
    for entry in fs::read_dir(repository().join("samples/claims")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let assessed =
            prairie_engine::assess_claim(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(Some(assessed.claim.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        assert!(!assessed.demonstrated);
        for need in &assessed.endpoints {
            assert!(need.sentence().starts_with("not demonstrated; missing: "), "{need:?}");
        }
        names.push((assessed.claim, assessed.arithmetic.join("; ")));
    }
    names.sort();
    let said = |name: &str| &names.iter().find(|(claim, _)| claim == name).unwrap().1;
    assert_eq!(names.len(), 5);
    assert!(said("car-maker-76s").contains("128 good of 142: 84.0 to 94.5 %"));
    assert!(said("eight-hours-zero-errors").contains("at most 0.13 %"));
    assert!(said("figure-02-bmw").contains("take 700 h, 56 % of the 1250 h"));
    assert!(said("figure-03-parcels").contains("2.885 s per unit of the station: 3 robots took turns"));
    assert!(said("executive-productivity").contains("it supports nothing"));
}
