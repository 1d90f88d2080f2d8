//! Where things lie: the tree, the cache, other people's samples.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository. As cargo tells it now: where clones share a target directory, the binary may have been built in
/// another one.
pub(crate) fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().unwrap_or(&here).to_owned()
}

/// Where tools and Python environments are kept between runs: `$PRAIRIE_TOOLS`, else `prairie/tools` in the user's cache.
pub(crate) fn cache() -> PathBuf {
    if let Some(tools) = env::var_os("PRAIRIE_TOOLS") {
        return tools.into();
    }
    let cache = match (env::var_os("XDG_CACHE_HOME"), env::var_os("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => Path::new(&home).join(".cache"),
        (None, None) => env::temp_dir(),
    };
    cache.join("prairie/tools")
}

/// Recordings by others, which never enter the tree: `$PRAIRIE_SAMPLES`, else `shared/samples` beside it.
pub(crate) fn foreign_samples(root: &Path) -> Option<PathBuf> {
    let folder = match env::var_os("PRAIRIE_SAMPLES") {
        Some(folder) => PathBuf::from(folder),
        None => root.parent()?.join("shared/samples"),
    };
    folder.is_dir().then_some(folder)
}

/// The cargo that runs this, or the one on the path.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Whether a program starts and says its version.
pub(crate) fn starts(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// The program of that name among the cached tools, else on the path.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    [cache().join("bin").join(name), PathBuf::from(name)].into_iter().find(|program| starts(program, &["--version"]))
}

/// Whether the user is root on a machine with apt, so that Debian packages can be installed.
pub(crate) fn can_apt() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n") && starts("apt-get", &["--version"])
}
