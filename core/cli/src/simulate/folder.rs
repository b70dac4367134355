//! What `--out` writes, and `--compare` reads again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;

use super::measures::Summary;
use super::report::{self, Curve};
use super::run::LookMade;
use super::together::Together;

/// A run's session, its looks, what they measure; all runs' measures; their curves.
const SESSION: &str = "session";
const CURVE: &str = "curve.csv";
const SUMMARY: &str = "summary.json";
const TOGETHER: &str = "together.json";
const PICTURE: &str = "curves.svg";
/// What the folder of one of several runs begins with.
const SEED: &str = "seed-";

/// A folder that is to be written.
#[derive(Clone, Copy)]
pub struct Out<'a> {
    folder: &'a Path,
    /// Whether each run has a folder of its own in it.
    several: bool,
}

impl<'a> Out<'a> {
    /// Refuses a folder that runs were written to: their sessions stay what they are.
    pub fn new(folder: &'a Path, several: bool) -> Result<Self> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { folder, several });
            }
            entries => entries.with_context(|| format!("can't look into {}", folder.display()))?,
        };
        let is_of_a_run = |name: &OsString| {
            [SESSION, CURVE, SUMMARY, TOGETHER, PICTURE].iter().any(|of_a_run| name == of_a_run)
                || name.to_string_lossy().starts_with(SEED)
        };
        let names = entries.flatten().map(|entry| entry.file_name());
        if let Some(name) = names.filter(is_of_a_run).min() {
            bail!(
                "{} holds an earlier simulation ({} is in it); nothing was run. Name another folder with --out, or \
                 remove this one",
                folder.display(),
                name.display()
            );
        }
        Ok(Self { folder, several })
    }

    /// Where the session of a run is kept.
    pub fn session(self, seed: u64) -> PathBuf {
        self.of_run(seed).join(SESSION)
    }

    fn of_run(self, seed: u64) -> PathBuf {
        if self.several {
            self.folder.join(format!("{SEED}{seed}"))
        } else {
            self.folder.to_owned()
        }
    }

    /// A run's looks and what they measure.
    pub fn write(self, summary: &Summary, made: &[LookMade]) -> Result<()> {
        let folder = self.of_run(summary.run.seed);
        fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
        write(&folder.join(CURVE), &report::csv(made))?;
        write(&folder.join(SUMMARY), &json(summary)?)
    }

    /// What all runs measure together, and all curves.
    pub fn finish(self, together: &Together, curves: &[Curve]) -> Result<()> {
        write(&self.folder.join(TOGETHER), &json(together)?)?;
        report::plot(curves, &self.folder.join(PICTURE))
    }
}

fn json(what: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string_pretty(what)?)
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("can't write {}", file.display()))
}

/// The curves of the runs that were written to a folder, by its name.
pub fn read(folder: &Path) -> Result<Vec<Curve>> {
    let shown = folder.display();
    let entries = fs::read_dir(folder).with_context(|| format!("can't look into {shown}"))?;
    let is_of_a_seed = |name: &OsString| name.to_string_lossy().starts_with(SEED);
    let names = entries.flatten().map(|entry| entry.file_name()).filter(is_of_a_seed);
    let seeds = names.map(|name| folder.join(name));
    let own = std::iter::once(folder.to_owned());
    let mut runs: Vec<PathBuf> =
        own.chain(seeds).filter(|run| run.join(SUMMARY).is_file()).collect();
    if runs.is_empty() {
        bail!(
            "{shown} holds no simulation that came to its end: neither {SUMMARY} nor {SEED}…/{SUMMARY}; name a \
             folder that --out wrote"
        );
    }
    runs.sort_unstable();
    runs.iter().map(|run| curve(run, shown.to_string())).collect()
}

fn curve(run: &Path, name: String) -> Result<Curve> {
    let text = |name: &str| {
        let path = run.join(name);
        fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))
    };
    let broken =
        |name: &str| format!("{} is none that a simulation wrote", run.join(name).display());
    let summary: Value = serde_json::from_str(&text(SUMMARY)?).with_context(|| broken(SUMMARY))?;
    let number = |key: &str| summary[key].as_u64().with_context(|| broken(SUMMARY));
    let csv = text(CURVE)?;
    let second = |line: &str| {
        let found = line.split(',').nth(1).and_then(|found| found.parse::<usize>().ok());
        found.with_context(|| broken(CURVE))
    };
    Ok(Curve {
        name,
        positives: number("positives")? as usize,
        images: number("images")? as usize,
        found: csv.lines().skip(1).map(second).collect::<Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::run::Run;
    use super::*;

    fn write_runs(out: Out<'_>, seeds: &[u64]) -> Vec<Summary> {
        let looks = [false, true, true];
        let made = looks.map(|positive| LookMade { positive, ..LookMade::default() });
        let summary = |&seed: &u64| {
            let run = Run { seed, images: 9, positives: 2, ..Run::default() };
            let summary = Summary::of(&run, &made);
            out.write(&summary, &made).unwrap();
            summary
        };
        seeds.iter().map(summary).collect()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        for (name, seeds) in [("one", &[7][..]), ("several", &[7, 8, 9][..])] {
            let folder = folder.path().join(name);
            let out = Out::new(&folder, seeds.len() > 1).unwrap();
            let runs = write_runs(out, seeds);
            let curves = read(&folder).unwrap();
            out.finish(&Together::of(&runs), &curves).unwrap();
            assert_eq!(curves.len(), seeds.len());
            for curve in &curves {
                assert_eq!((curve.positives, curve.images), (2, 9));
                assert_eq!(
                    (&curve.found[..], &curve.name),
                    (&[0, 1, 2][..], &folder.display().to_string())
                );
            }
            let together = fs::read_to_string(folder.join(TOGETHER)).unwrap();
            let together: Value = serde_json::from_str(&together).unwrap();
            assert_eq!(together["runs"], seeds.len());
        }
    }

    #[test]
    fn a_folder_with_a_run_in_it_is_refused_and_stays_as_it_is() {
        for left in ["session", "summary.json", "seed-3"] {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("something else")).unwrap();
            assert!(Out::new(folder.path(), false).is_ok());
            fs::create_dir(folder.path().join(left)).unwrap();
            for several in [false, true] {
                let error = Out::new(folder.path(), several).err().unwrap().to_string();
                assert!(error.contains(left) && error.contains("nothing was run"), "{error}");
            }
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        }
        assert!(Out::new(Path::new("a folder that is not there"), true).is_ok());
    }

    #[test]
    fn a_folder_without_a_run_and_one_that_is_broken_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = |folder: &Path| read(folder).err().unwrap().to_string();
        assert!(error(folder.path()).contains("no simulation"), "{}", error(folder.path()));
        write_runs(Out::new(folder.path(), false).unwrap(), &[1]);
        fs::write(folder.path().join(CURVE), "look,positives\n1,one\n").unwrap();
        assert!(error(folder.path()).contains("curve.csv is none"), "{}", error(folder.path()));
    }
}
