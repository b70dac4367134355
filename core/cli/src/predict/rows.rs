//! What is said of each file.

use sluice_pool::{Finding, Found, Unusable};

/// P(positive), or why there is none: half a sentence whose subject is the file.
pub type Said = Result<f32, String>;

/// One file.
pub struct Row {
    /// Below the folder, with `/` between the parts.
    pub path: String,
    pub said: Said,
}

/// Of all files, those that could not even be listed among them, by path. `said` is of the images, in their order.
pub fn all(finding: Finding, said: Vec<Said>) -> Vec<Row> {
    let Finding { images, unusable } = finding;
    let looked_at =
        images.into_iter().zip(said).map(|(Found { path, .. }, said)| Row { path, said });
    let not_even = unusable
        .into_iter()
        .map(|Unusable { path, reason }| Row { path, said: Err(format!("is left out: {reason}")) });
    let mut rows: Vec<Row> = looked_at.chain(not_even).collect();
    rows.sort_by(|one, other| one.path.cmp(&other.path));
    rows
}
