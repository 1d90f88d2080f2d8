//! Tables of the database as DataFusion sees them. They are read when a query scans them, and not before.

mod register;

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::datasource::TableType;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqlitePool};

use crate::SnapshotId;
use crate::database::{from_db, to_db};

/// What a table of the database looks like from outside.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Its name in SQL.
    pub(crate) name: &'static str,
    /// Name, type, whether it may be null.
    columns: &'static [(&'static str, DataType, bool)],
    /// The rows at snapshot `?1`, in the order of `columns`.
    select: &'static str,
}

const TEXT: DataType = DataType::Utf8;
const COUNT: DataType = DataType::UInt64;
const TIME: DataType = DataType::Int64;
const FLAG: DataType = DataType::Boolean;

/// One line per table, alphabetical.
pub(crate) const SHAPES: &[Shape] = &[
    register::CONSORTIA,
    DATASETS,
    DERIVATIONS,
    DOCUMENTS,
    LEDGER,
    LOGS,
    register::MODULES,
    register::PARTIES,
    register::PEOPLE,
    RECORDING_FILES,
    RECORDINGS,
    register::RELEASES,
    register::ROBOTS,
    register::SCENARIOS,
    SNAPSHOTS,
    register::STATIONS,
    TOMBSTONES,
];

const DATASETS: Shape = Shape {
    name: "datasets",
    columns: &[
        ("name", TEXT, false),
        ("version", COUNT, false),
        ("created_ns", TIME, false),
        ("snapshot", COUNT, false),
        ("episodes", COUNT, false),
        ("erased", COUNT, false),
        ("hash", TEXT, false),
        ("recipe", TEXT, false),
    ],
    select: "SELECT v.name, v.version, v.created_ns, v.snapshot, v.episodes, \
             (SELECT count(*) FROM dataset_erasures e WHERE e.name = v.name AND e.version = v.version AND e.erased <= ?1), \
             lower(hex(v.hash)), v.recipe FROM dataset_versions v WHERE v.added <= ?1 ORDER BY v.name, v.version",
};

const DERIVATIONS: Shape = Shape {
    name: "derivations",
    columns: &[
        ("derivation_id", TEXT, false),
        ("recording_id", TEXT, false),
        ("derivation", TEXT, false),
        ("episodes", COUNT, false),
        ("current", FLAG, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT lower(hex(id)), lower(hex(recording)), derivation, length(episodes) / 16, \
             superseded IS NULL OR superseded > ?1, added FROM derivations WHERE added <= ?1 ORDER BY added, id",
};

const DOCUMENTS: Shape = Shape {
    name: "documents",
    columns: &[
        ("kind", TEXT, false),
        ("name", TEXT, false),
        ("version", COUNT, false),
        ("payload", TEXT, false),
        ("digest", TEXT, false),
        ("created_ns", TIME, false),
        ("snapshot", COUNT, false),
        ("flagged", FLAG, false),
    ],
    select: "SELECT kind, name, version, payload, lower(hex(digest)), created_ns, added, EXISTS (SELECT 1 FROM \
             document_erasures e WHERE e.kind = d.kind AND e.name = d.name AND e.version = d.version AND e.erased <= ?1) \
             FROM documents d WHERE added <= ?1 ORDER BY kind, name, version",
};

const LEDGER: Shape = Shape {
    name: "ledger",
    columns: &[
        ("seq", COUNT, false),
        ("kind", TEXT, false),
        ("reference", TEXT, true),
        ("salt", TEXT, true),
        ("leaf", TEXT, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT seq, kind, reference, lower(hex(salt)), lower(hex(hash)), added FROM leaves \
             WHERE added <= ?1 ORDER BY seq",
};

/// Of several logs of the same bytes the one that came last is the current one.
const LOGS: Shape = Shape {
    name: "logs",
    columns: &[
        ("log_id", TEXT, false),
        ("recording_id", TEXT, false),
        ("recorder", TEXT, true),
        ("simulated", FLAG, false),
        ("units", COUNT, false),
        ("current", FLAG, false),
        ("snapshot", COUNT, false),
    ],
    select: "SELECT d.name, json_extract(d.payload, '$.recording'), json_extract(d.payload, '$.recorder'), \
             json_extract(d.payload, '$.simulated'), json_extract(d.payload, '$.units'), \
             NOT EXISTS (SELECT 1 FROM documents o WHERE o.kind = 'station-log' AND o.added <= ?1 \
             AND (o.added > d.added OR (o.added = d.added AND o.name > d.name)) \
             AND json_extract(o.payload, '$.recording') = json_extract(d.payload, '$.recording')), d.added \
             FROM documents d WHERE d.kind = 'station-log' AND d.added <= ?1 ORDER BY d.added, d.name",
};

const RECORDING_FILES: Shape = Shape {
    name: "recording_files",
    columns: &[
        ("recording_id", TEXT, false),
        ("path", TEXT, false),
        ("bytes", COUNT, false),
        ("object_id", TEXT, false),
    ],
    select: "SELECT lower(hex(f.recording)), f.path, f.bytes, lower(hex(f.object)) FROM recording_files f \
             JOIN recordings r ON r.id = f.recording WHERE r.added <= ?1 ORDER BY r.added, f.recording, f.path",
};

const RECORDINGS: Shape = Shape {
    name: "recordings",
    columns: &[
        ("recording_id", TEXT, false),
        ("format", TEXT, false),
        ("origin", TEXT, false),
        ("bytes", COUNT, false),
        ("files", COUNT, false),
        ("owner", TEXT, true),
        ("licence", TEXT, true),
        ("consent", TEXT, true),
        ("purpose", TEXT, true),
        ("custody", TEXT, true),
        ("summary", TEXT, false),
        ("snapshot", COUNT, false),
        ("erased", FLAG, false),
    ],
    select: "SELECT lower(hex(r.id)), r.format, r.origin, r.bytes, \
             (SELECT count(*) FROM recording_files f WHERE f.recording = r.id), \
             r.owner, r.licence, r.consent, r.purpose, r.custody, r.summary, r.added, r.erased IS NOT NULL \
             FROM recordings r WHERE r.added <= ?1 ORDER BY r.added, r.id",
};

const SNAPSHOTS: Shape = Shape {
    name: "snapshots",
    columns: &[
        ("snapshot", COUNT, false),
        ("created_ns", TIME, false),
        ("note", TEXT, false),
        ("ledger_size", COUNT, false),
        ("ledger_root", TEXT, false),
    ],
    select: "SELECT id, created_ns, note, ledger_size, lower(hex(ledger_root)) FROM snapshots WHERE id <= ?1 ORDER BY id",
};

const TOMBSTONES: Shape = Shape {
    name: "tombstones",
    columns: &[("kind", TEXT, false), ("id", TEXT, false), ("reason", TEXT, false), ("snapshot", COUNT, false)],
    select: "SELECT kind, lower(hex(id)), reason, erased FROM tombstones WHERE erased <= ?1 ORDER BY erased, kind, id",
};

/// A table of the database at one snapshot.
#[derive(Debug)]
pub(crate) struct SqlTable {
    shape: &'static Shape,
    schema: SchemaRef,
    pool: SqlitePool,
    snapshot: SnapshotId,
}

impl SqlTable {
    pub(crate) fn new(shape: &'static Shape, pool: SqlitePool, snapshot: SnapshotId) -> Self {
        let fields = shape.columns.iter().map(|(name, kind, nullable)| Field::new(*name, kind.clone(), *nullable));
        Self { shape, schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())), pool, snapshot }
    }

    fn column(rows: &[SqliteRow], at: usize, kind: &DataType) -> ArrayRef {
        match kind {
            DataType::UInt64 => {
                Arc::new(rows.iter().map(|row| row.get::<Option<i64>, _>(at).map(from_db)).collect::<UInt64Array>())
            }
            DataType::Int64 => Arc::new(rows.iter().map(|row| row.get::<Option<i64>, _>(at)).collect::<Int64Array>()),
            DataType::Boolean => {
                let flags = rows.iter().map(|row| row.get::<Option<i64>, _>(at).map(|flag| flag != 0));
                Arc::new(flags.collect::<BooleanArray>())
            }
            _ => Arc::new(rows.iter().map(|row| row.get::<Option<&str>, _>(at)).collect::<StringArray>()),
        }
    }
}

#[async_trait]
impl TableProvider for SqlTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let rows = sqlx::query(self.shape.select)
            .bind(to_db(self.snapshot.0))
            .fetch_all(&self.pool)
            .await
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        let columns = self.shape.columns.iter().enumerate();
        let columns = columns.map(|(at, (_, kind, _))| Self::column(&rows, at, kind)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        Ok(MemorySourceConfig::try_new_exec(&[vec![batch]], Arc::clone(&self.schema), projection.cloned())?)
    }
}
