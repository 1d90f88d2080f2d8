//! Where an inspection's rows and episodes go on their way into the catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use prairie_catalog::{DataFile, EpisodeRow, FindingRow, ReceiptRow, SegmentRow, StreamRow};
use prairie_model::{
    Decision, Derivation, DerivationId, EpisodeId, EpisodeTally, Hash256, ReceiptPayload, Rights, StreamBatch,
};

use crate::Engine;
use crate::error::EngineError;
use crate::history::Known;
use crate::inspect::{InspectSink, InspectedEpisode};
use crate::options::InspectOptions;
use crate::verbs::SignedReceipt;
use crate::writing::Tables;

/// An episode whose rows are written.
pub(crate) struct WrittenEpisode {
    pub(crate) id: EpisodeId,
    pub(crate) tally: EpisodeTally,
    pub(crate) decision: Decision,
    /// Hash of the receipt's payload.
    pub(crate) receipt: Hash256,
    /// What later episodes are compared with.
    pub(crate) known: Known,
}

/// Everything of one derivation, ready to be committed.
pub(crate) struct Written {
    pub(crate) episodes: Vec<WrittenEpisode>,
    pub(crate) files: Vec<DataFile>,
}

/// Writes rows as they come, and signs a receipt at the end of each episode.
pub(crate) struct EpisodeSink<'a> {
    engine: &'a Engine,
    derivation: Derivation,
    id: DerivationId,
    options: &'a InspectOptions,
    tables: Tables,
    episodes: Vec<WrittenEpisode>,
    rows: Rows,
    rights: Option<Rights>,
    schemas: BTreeMap<&'static str, Arc<Schema>>,
}

/// Small rows, held until the end: a few per episode.
#[derive(Default)]
struct Rows {
    episodes: Vec<EpisodeRow>,
    streams: Vec<StreamRow>,
    findings: Vec<FindingRow>,
    receipts: Vec<ReceiptRow>,
    segments: Vec<SegmentRow>,
}

impl<'a> EpisodeSink<'a> {
    /// A sink for the episodes of `derivation`.
    pub(crate) fn new(
        engine: &'a Engine,
        derivation: Derivation,
        id: DerivationId,
        options: &'a InspectOptions,
    ) -> Self {
        Self {
            engine,
            derivation,
            id,
            options,
            tables: Tables::new(),
            episodes: Vec::new(),
            rows: Rows::default(),
            rights: None,
            schemas: BTreeMap::new(),
        }
    }

    /// Rights of the recording: those of its first episode, since all of them come from the recording or from the caller.
    pub(crate) fn rights(&self) -> Rights {
        self.rights.clone().unwrap_or_else(|| self.options.overrides.rights.clone())
    }

    /// Writes the rows that are held back. Large recordings of many episodes call it more than once.
    fn flush(&mut self) -> Result<(), EngineError> {
        let rows = std::mem::take(&mut self.rows);
        let batches = [
            ("episodes", EpisodeRow::to_batch(&rows.episodes)),
            ("streams", StreamRow::to_batch(&rows.streams)),
            ("findings", FindingRow::to_batch(&rows.findings)),
            ("receipts", ReceiptRow::to_batch(&rows.receipts)),
            ("segments", SegmentRow::to_batch(&rows.segments)),
        ];
        for (table, batch) in batches {
            let batch = batch.map_err(EngineError::catalog("building rows"))?;
            if batch.num_rows() > 0 {
                self.tables.append(self.engine, table, batch)?;
            }
        }
        Ok(())
    }

    /// Adds a later revision of a stored episode with its new receipt.
    pub(crate) fn revise(&mut self, row: EpisodeRow, payload: &ReceiptPayload, signed: &SignedReceipt) {
        self.rights.get_or_insert_with(|| row.episode.rights.clone());
        self.receipt(row.id, row.revision, payload, signed);
        self.rows.episodes.push(row);
    }

    fn receipt(&mut self, episode: EpisodeId, revision: u32, payload: &ReceiptPayload, signed: &SignedReceipt) {
        self.rows.receipts.push(ReceiptRow {
            episode,
            revision,
            receipt: signed.hash,
            profile_name: payload.profile_name.clone(),
            profile: payload.profile,
            decision: payload.decision,
            dimensions: payload.dimensions.clone(),
            envelope: signed.envelope.clone(),
            issued: Some(signed.issued),
        });
        self.rows.findings.extend(payload.findings.iter().cloned().map(|finding| FindingRow {
            episode,
            revision,
            receipt: Some(signed.hash),
            finding,
        }));
    }

    /// Closes every file.
    pub(crate) fn finish(mut self) -> Result<Written, EngineError> {
        self.flush()?;
        let owner = self.rights().owner;
        let mut files = self.tables.finish()?;
        for file in &mut files {
            // The owner may have become known only with the first episode.
            file.owner.clone_from(&owner);
        }
        Ok(Written { episodes: self.episodes, files })
    }
}

/// Episodes whose rows are held before they are written.
const FLUSH_EPISODES: usize = 256;

/// Notes that are kept of one episode: the first. A check tells fewer of them anyway.
pub(crate) const NOTES_MAX: usize = 1000;

impl InspectSink for EpisodeSink<'_> {
    fn batch(&mut self, batch: &StreamBatch) -> Result<(), EngineError> {
        let Some(kind) = batch.kind() else { return Ok(()) };
        let episode = EpisodeId::derive(self.id, &batch.episode.to_string());
        let schema = self.schemas.entry(kind.name()).or_insert_with(|| {
            let mut fields =
                vec![Field::new("episode_id", DataType::Utf8, false), Field::new("stream", DataType::Utf8, false)];
            fields.extend(kind.fields().iter().map(|field| field.as_ref().clone()));
            Arc::new(Schema::new(fields))
        });
        let repeat = |text: &str| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, batch.len())))
        };
        let mut columns = vec![repeat(&episode.to_string()), repeat(&batch.stream.name)];
        columns.extend(batch.samples.columns().iter().cloned());
        let rows = RecordBatch::try_new(schema.clone(), columns)
            .map_err(|error| EngineError::Bug(format!("samples of `{}`: {error}", batch.stream.name)))?;
        self.tables.append(self.engine, kind.table(), rows)
    }

    fn episode(&mut self, inspected: InspectedEpisode) -> Result<(), EngineError> {
        let InspectedEpisode { draft, content, examined, recording_notes } = inspected;
        let id = EpisodeId::derive(self.id, &draft.episode.ordinal.to_string());
        let samples = draft.streams.iter().map(|stream| stream.samples).sum();
        let payload: ReceiptPayload =
            prairie_quality::receipt(id, content, self.derivation.clone(), &self.options.profile, &draft, &examined);
        let signed = self.engine.sign_receipt(&payload)?;
        self.rights.get_or_insert_with(|| draft.episode.rights.clone());
        self.receipt(id, 0, &payload, &signed);
        let known = Known::new(id, &draft, content, &examined.digest);
        self.rows.segments.extend(draft.segments.into_iter().map(|segment| SegmentRow { episode: id, segment }));
        self.rows.streams.extend(draft.streams.into_iter().map(|stream| StreamRow { episode: id, stream }));
        self.rows.episodes.push(EpisodeRow {
            id,
            recording: self.derivation.recording,
            derivation: self.id,
            episode: draft.episode,
            tally: draft.tally,
            samples,
            content,
            digest: examined.digest.to_bytes(),
            notes: draft.notes.into_iter().take(NOTES_MAX).collect(),
            // A count of notes in memory; what does not fit into 32 bits does not occur.
            recording_notes: u32::try_from(recording_notes).unwrap_or(u32::MAX),
            decision: payload.decision,
            parent: self.derivation.parent,
            revision: 0,
        });
        self.episodes.push(WrittenEpisode {
            id,
            tally: draft.tally,
            decision: payload.decision,
            receipt: signed.hash,
            known,
        });
        if self.rows.episodes.len() >= FLUSH_EPISODES { self.flush() } else { Ok(()) }
    }
}
