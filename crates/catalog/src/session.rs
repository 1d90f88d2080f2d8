//! SQL over a snapshot.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

use crate::catalog::Catalog;
use crate::provider::{FactTable, without_hidden};
use crate::sql_table::{SHAPES, SqlTable};
use crate::sql_view::add_views;
use crate::tables::{table_schema, tables};
use crate::view::View;
use crate::{CatalogError, Result, SnapshotId};

fn failed(error: DataFusionError) -> CatalogError {
    CatalogError::query(error)
}

/// In which order a query without `ORDER BY` gives its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrder {
    /// In any: as many threads read as there are processors.
    Any,
    /// In that in which they were written, as long as the query only filters and projects one table.
    Written,
}

/// The rows of a query, batch by batch as they are made.
pub struct RowStream {
    stream: SendableRecordBatchStream,
}

impl RowStream {
    /// The columns, also where there is no row.
    pub fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }

    /// The next rows; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<RecordBatch>> {
        Some(self.stream.next().await?.map_err(failed))
    }
}

fn config(order: RowOrder) -> SessionConfig {
    let threads = match order {
        RowOrder::Any => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        RowOrder::Written => 1,
    };
    let mut config = SessionConfig::new().with_target_partitions(threads).with_information_schema(true);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.parquet.bloom_filter_on_read = false;
    // The database knows the rows of each file; nothing is to be learnt from their footers before the scan.
    options.execution.collect_statistics = false;
    options.catalog.default_catalog = "prairie".to_owned();
    config
}

impl Catalog {
    /// A DataFusion session over the tables as they were at `snapshot`; `None` is the latest.
    ///
    /// Every table exists, also when nothing is in it. Nothing is read until a query asks, except the list of files, which
    /// is kept for the next session of the same snapshot.
    pub fn session(&self, snapshot: Option<SnapshotId>, order: RowOrder) -> BoxFuture<'_, Result<SessionContext>> {
        Box::pin(async move {
            let view = self.view(snapshot).await?;
            let context = SessionContext::new_with_config_rt(config(order), self.runtime());
            self.register(&context, &view).map_err(failed)?;
            Ok(context)
        })
    }

    fn register(&self, context: &SessionContext, view: &View) -> std::result::Result<(), DataFusionError> {
        for table in tables() {
            // OK to skip: every name of `tables` has a schema.
            let Some(schema) = table_schema(table) else { continue };
            let files = view.files.get(table).map_or(&[][..], Vec::as_slice);
            let facts = FactTable::new(schema, files, self.bridge());
            context.register_table(table, without_hidden(table, facts, &view.hidden)?)?;
        }
        for shape in SHAPES {
            context.register_table(shape.name, Arc::new(SqlTable::new(shape, self.pool().clone(), view.snapshot)))?;
        }
        Ok(())
    }

    /// Runs one query, and collects its rows. Nothing but queries is allowed.
    pub fn query<'a>(&'a self, sql: &'a str, snapshot: Option<SnapshotId>) -> BoxFuture<'a, Result<Vec<RecordBatch>>> {
        Box::pin(async move {
            let mut rows = self.stream(sql, snapshot, RowOrder::Any).await?;
            let mut batches = Vec::new();
            while let Some(batch) = rows.next().await {
                batches.push(batch?);
            }
            Ok(batches)
        })
    }

    /// Starts one query, whose rows come as they are asked for. Nothing but queries is allowed.
    pub fn stream<'a>(
        &'a self,
        sql: &'a str,
        snapshot: Option<SnapshotId>,
        order: RowOrder,
    ) -> BoxFuture<'a, Result<RowStream>> {
        Box::pin(async move {
            let context = self.session(snapshot, order).await?;
            add_views(&context, sql).await.map_err(failed)?;
            let plan = context.state().create_logical_plan(sql).await.map_err(failed)?;
            SQLOptions::new()
                .with_allow_ddl(false)
                .with_allow_dml(false)
                .with_allow_statements(false)
                .verify_plan(&plan)
                .map_err(|error| CatalogError::NotAQuery(error.strip_backtrace()))?;
            let frame = context.execute_logical_plan(plan).await.map_err(failed)?;
            Ok(RowStream { stream: frame.execute_stream().await.map_err(failed)? })
        })
    }
}
