//! The arguments of `prairie prove`.

use std::path::PathBuf;

use clap::Args;

use super::Facts;

/// Prove that two forms of the same episodes hold the same, and sign it
///
/// Compares every number, time, text, picture, name, unit and task of EXPORT with SOURCE, and prints what differs and where. Both may
/// be of any format that Prairie reads. Where the export brings Prairie's own proof of how it took its rows, rows are taken from the
/// source in the same way; otherwise they are compared one by one. It needs no store; with one, its key signs. Exits with 1 where
/// something differs.
#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// The recordings, files and folders, in the order of their episodes in the export
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) source: Vec<PathBuf>,
    /// What was made of them: a file or a folder
    #[arg(required = true, value_name = "EXPORT")]
    pub(crate) export: PathBuf,
    /// The export may hold less: what it leaves out is told, and is no difference
    #[arg(long)]
    pub(crate) subset: bool,
    /// Greatest difference of two numbers, as a share of the larger [default: 1.2e-7, two roundings to 32 bits]
    #[arg(long, value_name = "SHARE", help_heading = "What counts as the same")]
    pub(crate) tolerance: Option<f64>,
    /// Greatest difference of two times [default: 0.001]
    #[arg(long, value_name = "S", help_heading = "What counts as the same")]
    pub(crate) time_tolerance_s: Option<f64>,
    /// Least peak signal to noise ratio of a picture that was encoded again [default: 28]
    #[arg(long, value_name = "DB", help_heading = "What counts as the same")]
    pub(crate) psnr_min_db: Option<f64>,
    /// Least structural similarity of a picture that was encoded again [default: 0.9]
    #[arg(long, value_name = "SSIM", help_heading = "What counts as the same")]
    pub(crate) ssim_min: Option<f64>,
    /// Least peak signal to noise ratio of any 16 × 16 pixels of it [default: 20]
    #[arg(long, value_name = "DB", help_heading = "What counts as the same")]
    pub(crate) worst_part_min_db: Option<f64>,
    /// TOML file that says how topics of the source become streams, or the name of a mapping that comes with Prairie
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: Option<PathBuf>,
    /// Description of the robot (URDF or MJCF), as it was given to `ingest`
    #[arg(long, value_name = "FILE")]
    pub(crate) robot_model: Option<PathBuf>,
    /// The reader to take where several claim a recording: a name of `prairie formats`
    #[arg(long, value_name = "NAME")]
    pub(crate) format: Option<String>,
    /// Write the signed proof to this file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Private key to sign with; the store's own key when left out
    #[arg(long, value_name = "FILE", requires = "out")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) facts: Facts,
}
