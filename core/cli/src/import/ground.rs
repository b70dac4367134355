//! Where the pool is, and which of its files a path means. Only by the path's letters: the file that it names need
//! not be there, nor anything else of the machine that it comes from.

use std::path::{self, Path, PathBuf};

/// The folders that paths can begin in.
#[derive(Debug)]
pub struct Ground {
    /// The pool's folder, and the same without links.
    pool: Vec<String>,
    base: Option<Base>,
}

/// What `--base` names.
#[derive(Debug)]
struct Base {
    /// As it was given, and without links.
    names: Vec<String>,
    /// Without links, where it is there.
    real: String,
    /// Neither in the pool nor around it: it stands for the pool, as it was somewhere else.
    is_apart: bool,
}

impl Ground {
    /// Of a pool, and of what `--base` names.
    pub fn of(pool: &str, base: Option<&Path>) -> Self {
        let pool = names(Path::new(pool));
        let base = base.map(|base| {
            let names = names(base);
            let real = names.last().cloned().unwrap_or_default();
            let is_near = |pool: &String| {
                *pool == real || within(&real, pool).is_some() || within(pool, &real).is_some()
            };
            let is_apart = !pool.iter().any(is_near);
            Base { names, real, is_apart }
        });
        Self { pool, base }
    }

    /// Where paths of a file that lies in the folder `own` can begin, the likeliest first. If a person said where,
    /// only there.
    pub fn beginnings(&self, own: Option<&Path>) -> Vec<String> {
        if let Some(base) = &self.base {
            return vec![base.real.clone()];
        }
        let mut folders: Vec<String> = self.pool.last().cloned().into_iter().collect();
        if let Some(own) = own.map(|own| normal(&own.to_string_lossy()))
            && !folders.contains(&own)
        {
            folders.push(own);
        }
        folders
    }

    /// Whether a person said where paths begin.
    pub fn is_given(&self) -> bool {
        self.base.is_some()
    }

    /// Whether this is the pool's folder.
    pub fn is_pool(&self, folder: &str) -> bool {
        self.pool.iter().any(|pool| pool == folder)
    }

    /// The place in the pool that a path from the root means; none: it is outside.
    pub fn below(&self, path: &str) -> Option<String> {
        let in_pool =
            |path: &str| self.pool.iter().find_map(|pool| within(path, pool)).map(str::to_owned);
        if let Some(place) = in_pool(path) {
            return Some(place);
        }
        let base = self.base.as_ref()?;
        let rest = base.names.iter().find_map(|name| within(path, name))?;
        let really = in_pool(&format!("{}/{rest}", base.real));
        really.or_else(|| base.is_apart.then(|| rest.to_owned()))
    }
}

/// A folder from the root, as it was given; then without links, if it is there.
fn names(folder: &Path) -> Vec<String> {
    let given = path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let real = folder.canonicalize().ok();
    let text = |folder: PathBuf| normal(&folder.to_string_lossy());
    let mut names: Vec<String> = [Some(given), real].into_iter().flatten().map(text).collect();
    names.dedup();
    names
}

/// The rest of a path that begins in a folder; both are [`normal`].
pub fn within<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder.trim_end_matches('/'))?.strip_prefix('/')
}

/// Without `.`, and without `..` as far as there is something to leave.
pub fn normal(path: &str) -> String {
    let from_root = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            // There is nothing above the root.
            ".." if from_root => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if from_root { format!("/{joined}") } else { joined }
}
