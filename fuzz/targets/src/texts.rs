//! Files that people and other parties write: mappings, profiles, signed envelopes.

use prairie_ledger::{Envelope, PrivateKey};
use prairie_quality::Profile;
use prairie_standardize::Mapping;

pub(crate) fn mapping(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(mapping) = Mapping::parse(text) {
        let again = Mapping::parse(text).map(|again| again.hash());
        assert_eq!(again.ok(), Some(mapping.hash()), "the same text is the same mapping");
    }
}

pub(crate) fn profile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(profile) = Profile::parse(text) {
        assert!(profile.validate().is_ok(), "what was parsed is valid");
        profile.title();
        profile.hash();
    }
}

/// What is read and written again is the same, and nobody's signature appears from nothing.
pub(crate) fn envelope(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(envelope) = Envelope::from_json(text) else { return };
    assert_eq!(Envelope::from_json(&envelope.to_json()).ok(), Some(envelope.clone()));
    let stranger = PrivateKey::from_seed([99; 32]);
    assert!(!envelope.verify(&[stranger.public()]).is_signed(), "a key that nobody used has signed");
}
