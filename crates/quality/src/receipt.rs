//! The payload of a receipt, put together from its parts.

use prairie_model::{Counts, Derivation, EpisodeDraft, EpisodeId, Hash256, RECEIPT_VERSION, ReceiptPayload};

use crate::examine::Examined;
use crate::profile::Profile;

/// Version of the code that checks, as receipts name it.
pub const CODE_VERSION: &str = concat!("prairie-quality ", env!("CARGO_PKG_VERSION"));

/// The payload of the receipt on an episode. `content` is the SHA-256 over the logical rows of its streams.
pub fn receipt(
    episode: EpisodeId,
    content: Hash256,
    derivation: Derivation,
    profile: &Profile,
    draft: &EpisodeDraft,
    examined: &Examined,
) -> ReceiptPayload {
    ReceiptPayload {
        version: RECEIPT_VERSION.to_owned(),
        episode,
        content,
        derivation,
        profile: profile.hash(),
        profile_name: profile.title(),
        code: CODE_VERSION.to_owned(),
        counts: Counts { tally: draft.tally, samples: draft.streams.iter().map(|stream| stream.samples).sum() },
        checks: examined.checks.clone(),
        findings: examined.findings.clone(),
        dimensions: examined.dimensions.clone(),
        repairs: examined.repairs.clone(),
        decision: examined.decision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Examination, Facts};
    use prairie_model::{Decision, RecordingId, hash_canonical};
    use std::collections::BTreeMap;

    #[test]
    fn the_same_facts_give_the_same_bytes() {
        let profile = Profile::default();
        let draft = EpisodeDraft::default();
        let derivation = Derivation {
            recording: RecordingId::from_bytes([1; 32]),
            mapping: Hash256::of(b"mapping"),
            overrides: BTreeMap::new(),
            standardizer: "1".to_owned(),
            parent: None,
            repairs: Vec::new(),
        };
        let make = || {
            let examined = Examination::new(&profile, None, None).finish(&Facts::new(&draft));
            receipt(EpisodeId::from_bytes([2; 16]), Hash256::of(b""), derivation.clone(), &profile, &draft, &examined)
        };
        let payload = make();
        assert_eq!(hash_canonical(&payload).unwrap(), hash_canonical(&make()).unwrap());
        assert_eq!((payload.decision, payload.counts.samples), (Decision::Reject, 0));
        assert_eq!((payload.profile, payload.profile_name.as_str()), (profile.hash(), "default 1"));
        assert!(payload.checks.is_sorted_by_key(|result| result.code.clone()));
        assert_eq!(payload.checks.len(), crate::CHECKS.len());
    }
}
