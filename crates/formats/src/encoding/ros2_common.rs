//! placeholder
pub(crate) fn definition(_: &str) -> Option<String> {
    None
}
