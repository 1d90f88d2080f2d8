//! SQL over a snapshot.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::catalog::Catalog;
use crate::provider::{FactTable, without_hidden};
use crate::sql_table::{SHAPES, SqlTable};
use crate::tables::{table_schema, tables};
use crate::view::View;
use crate::{CatalogError, Result, SnapshotId};

fn failed(error: DataFusionError) -> CatalogError {
    CatalogError::Query(Box::new(error))
}

fn config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_target_partitions(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
        .with_information_schema(true);
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
    pub async fn session(&self, snapshot: Option<SnapshotId>) -> Result<SessionContext> {
        let view = self.view(snapshot).await?;
        let context = SessionContext::new_with_config_rt(config(), self.runtime());
        self.register(&context, &view).map_err(failed)?;
        Ok(context)
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
    pub async fn query(&self, sql: &str, snapshot: Option<SnapshotId>) -> Result<Vec<RecordBatch>> {
        let context = self.session(snapshot).await?;
        let plan = context.state().create_logical_plan(sql).await.map_err(failed)?;
        SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)
            .map_err(|error| CatalogError::NotAQuery(error.strip_backtrace()))?;
        let frame = context.execute_logical_plan(plan).await.map_err(failed)?;
        frame.collect().await.map_err(failed)
    }
}
