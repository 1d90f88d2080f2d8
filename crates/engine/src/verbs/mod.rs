//! The verbs, one file each.

mod check;
mod dataset;
mod erase;
mod ingest;
mod list;
mod plan;
mod query;
mod receipt;
mod repair;
mod show;
mod spec;
mod upkeep;

pub use check::check;
pub use dataset::{DatasetHours, DatasetRecipe, DatasetReport};
pub use plan::{ChannelPlan, PlanReport, PlansReport, plan};
pub use query::Rows;
pub use receipt::{ReceiptCheck, SignatureCheck, check_receipt, countersign};
pub(crate) use receipt::{SignedReceipt, saw_pictures};
pub use repair::RepairReport;
pub(crate) use repair::profile_of;
pub use spec::{SpecProblem, SpecReport, SpecRule, spec_check};
