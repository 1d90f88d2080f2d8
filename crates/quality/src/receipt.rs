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
