//! The verbs, one file each.

mod check;
mod dataset;
mod erase;
mod ingest;
mod list;
mod monitor;
mod plan;
mod protocol;
mod query;
mod receipt;
mod repair;
mod show;
mod simulate;
mod spec;
mod station_log;
mod upkeep;
mod verdict;
mod witness;

pub use check::check;
pub use dataset::{DatasetHours, DatasetRecipe, DatasetReport};
pub use plan::{ChannelPlan, PlanReport, PlansReport, plan};
pub use protocol::ProtocolReport;
pub use query::Rows;
pub use receipt::{ReceiptCheck, SignatureCheck, check_receipt, countersign};
pub(crate) use receipt::{SignedReceipt, saw_pictures};
pub use repair::RepairReport;
pub(crate) use repair::profile_of;
pub use simulate::{SimulationReport, simulate_station};
pub use spec::{SpecProblem, SpecReport, SpecRule, spec_check};
pub use station_log::{LogFile, LogReport};
pub use verdict::{ReportCheck, VerdictReport, check_report};
