//! Fact tables as DataFusion sees them: an explicit list of Parquet files, and the rows of them that are hidden.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::datatypes::{DataType, SchemaRef, UInt32Type};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DataFusionError, ScalarValue, Statistics, project_schema};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::{TableType, ViewTable, provider_as_source};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::{
    ColumnarValue, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, col,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;

use crate::bridge::Bridge;
use crate::tables::hidden_by_revision;
use crate::view::Hidden;
use crate::{ColumnRange, DataFile};

/// The files of one table at one snapshot.
#[derive(Debug)]
pub(crate) struct FactTable {
    schema: SchemaRef,
    files: Vec<PartitionedFile>,
    rows: u64,
    bridge: Arc<Bridge>,
}

impl FactTable {
    pub(crate) fn new(schema: SchemaRef, files: &[DataFile], bridge: Arc<Bridge>) -> Self {
        let rows = files.iter().map(|file| file.rows).sum();
        let files = files
            .iter()
            .map(|file| {
                PartitionedFile::new(file.key.clone(), file.bytes).with_statistics(Arc::new(statistics(&schema, file)))
            })
            .collect();
        Self { schema, files, rows, bridge }
    }
}

/// What the database knows of a file, so that most files need not be opened to be left out.
fn statistics(schema: &SchemaRef, file: &DataFile) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    statistics.num_rows = Precision::Exact(usize::try_from(file.rows).unwrap_or(usize::MAX));
    for (column, field) in statistics.column_statistics.iter_mut().zip(schema.fields()) {
        let (min, max) = match file.ranges.get(field.name()) {
            Some(ColumnRange::Int { min, max }) => (ScalarValue::Int64(Some(*min)), ScalarValue::Int64(Some(*max))),
            Some(ColumnRange::Text { min, max }) => {
                (ScalarValue::Utf8(Some(min.clone())), ScalarValue::Utf8(Some(max.clone())))
            }
            None => continue,
        };
        *column = ColumnStatistics {
            min_value: Precision::Exact(min),
            max_value: Precision::Exact(max),
            ..ColumnStatistics::new_unknown()
        };
    }
    statistics
}

/// `count` things over at most `groups` groups of about the same bytes, in order.
fn spread(files: &[PartitionedFile], groups: usize) -> Vec<FileGroup> {
    let total: u64 = files.iter().map(|file| file.object_meta.size).sum();
    let share = total / groups.max(1) as u64 + 1;
    let mut spread: Vec<Vec<PartitionedFile>> = Vec::new();
    let mut filled = u64::MAX;
    for file in files {
        if filled >= share {
            spread.push(Vec::new());
            filled = 0;
        }
        if let Some(group) = spread.last_mut() {
            group.push(file.clone());
        }
        filled += file.object_meta.size;
    }
    spread.into_iter().map(FileGroup::new).collect()
}

#[async_trait]
impl TableProvider for FactTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        if self.files.is_empty() {
            // A scan of no files has no partition at all, which some plans cannot be built on.
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        // Filters come later: the optimizer pushes them from the plan into the Parquet source.
        let cache = state.runtime_env().cache_manager.get_file_metadata_cache();
        let store: Arc<dyn datafusion::object_store::ObjectStore> = Arc::clone(&self.bridge) as _;
        let options =
            TableParquetOptions { global: state.config_options().execution.parquet.clone(), ..Default::default() };
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(options)
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, cache)));
        let mut whole = Statistics::new_unknown(&self.schema);
        whole.num_rows = Precision::Exact(usize::try_from(self.rows).unwrap_or(usize::MAX));
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::parse("prairie://store")?, Arc::new(source))
            .with_file_groups(spread(&self.files, state.config().target_partitions()))
            .with_statistics(whole)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn statistics(&self) -> Option<Statistics> {
        let mut statistics = Statistics::new_unknown(&self.schema);
        statistics.num_rows = Precision::Exact(usize::try_from(self.rows).unwrap_or(usize::MAX));
        Some(statistics)
    }
}

/// The table without its hidden rows; the table itself where none are hidden.
pub(crate) fn without_hidden(
    table: &str,
    facts: FactTable,
    hidden: &Arc<Hidden>,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let facts: Arc<dyn TableProvider> = Arc::new(facts);
    let Some(by_revision) = hidden_by_revision(table).filter(|_| !hidden.below.is_empty()) else { return Ok(facts) };
    let mut arguments = vec![col("episode_id")];
    if by_revision {
        arguments.push(col("revision"));
    }
    let is_current = ScalarUDF::from(IsCurrent {
        hidden: Arc::clone(hidden),
        signature: Signature::any(arguments.len(), Volatility::Immutable),
    });
    let plan = LogicalPlanBuilder::scan(table, provider_as_source(facts), None)?
        .filter(is_current.call(arguments))?
        .build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// Whether a row is not hidden, from its episode and its revision.
#[derive(Debug)]
struct IsCurrent {
    hidden: Arc<Hidden>,
    signature: Signature,
}

impl PartialEq for IsCurrent {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.hidden, &other.hidden) && self.signature == other.signature
    }
}

impl Eq for IsCurrent {}

impl Hash for IsCurrent {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.hidden).hash(state);
    }
}

impl ScalarUDFImpl for IsCurrent {
    fn name(&self) -> &str {
        "is_current"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let other = |what: &str| DataFusionError::Internal(format!("is_current was given {what}"));
        let episodes = columns.first().ok_or_else(|| other("nothing"))?;
        let episodes = episodes.as_string_opt::<i32>().ok_or_else(|| other("an episode that is no text"))?;
        let current: BooleanArray = match columns.get(1) {
            None => episodes.iter().map(|id| id.map(|id| !self.hidden.hides(id, None))).collect(),
            Some(revisions) => {
                let revisions = revisions
                    .as_primitive_opt::<UInt32Type>()
                    .ok_or_else(|| other("a revision that is no 32-bit number"))?;
                let current = |(id, revision): (Option<&str>, Option<u32>)| Some(!self.hidden.hides(id?, revision));
                episodes.iter().zip(revisions).map(current).collect()
            }
        };
        Ok(ColumnarValue::Array(Arc::new(current)))
    }
}
