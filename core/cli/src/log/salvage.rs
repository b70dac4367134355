//! `sluice log salvage`: what is whole of a damaged session, in a new folder.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result, bail};
use indicatif::HumanCount;
use sluice_events::facts::RecordLost;
use sluice_events::{Event, codec};
use sluice_log::storage::FsStorage;
use sluice_log::{Record, SalvageError, quoted, salvage};

use super::{say, with_next_step};
use crate::arguments::Salvage;

pub fn run(arguments: &Salvage) -> Result<()> {
    let from = super::session(&arguments.folder)?;
    let new = arguments.to.display();
    let root = from.root().canonicalize().unwrap_or_else(|_| from.root().to_owned());
    let inside = |folder: &Path| folder.canonicalize().is_ok_and(|f| f.starts_with(&root));
    if arguments.to.ancestors().any(inside) {
        bail!("{new} is inside the session; nothing was changed. Name a folder elsewhere");
    }
    if arguments.to.exists() {
        bail!("{new} exists already; nothing was changed. Name a folder that does not");
    }
    // It gets its name when it is complete; what an earlier try has left is begun anew.
    let mut unfinished = arguments.to.as_os_str().to_owned();
    unfinished.push(".unfinished-rescue");
    let unfinished = PathBuf::from(unfinished);
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("can't clear {}", unfinished.display()));
        }
        _ => {}
    }
    let to = FsStorage::new(&unfinished)
        .with_context(|| format!("can't make the folder {}", unfinished.display()))?;
    let encoded = codec::encode(&Event::RecordLost(RecordLost {}))?;
    let filler = Record {
        seq: 0,
        time_us: 0,
        event_type: encoded.event_type,
        schema_version: encoded.schema_version,
        payload: encoded.payload,
    };
    let rescue = match salvage(&from, &to, &filler) {
        Ok(rescue) => rescue,
        Err(SalvageError::Open(error)) => return Err(with_next_step(&error, from.root())),
        Err(SalvageError::Target(error)) => return Err(with_next_step(&error, &arguments.to)),
        Err(error) => bail!(error),
    };
    if rescue.whole == 0 {
        super::tell_losses(&rescue)?;
        fs::remove_dir_all(&unfinished).context("can't remove what was begun")?;
        bail!("no record is whole: there is nothing to rescue; nothing was changed");
    }
    fs::rename(&unfinished, &arguments.to)
        .with_context(|| format!("can't give {} its name", unfinished.display()))?;
    say(&format!("Rescued {} records into {new}.", HumanCount(rescue.whole)))?;
    super::tell_losses(&rescue)?;
    let new = quoted(&new.to_string());
    say(&format!(
        "{} is as it was. Look at what is there with `sluice log stat '{new}'`; go on with `sluice serve \
         DIR --session '{new}'`.",
        from.root().display()
    ))?;
    Ok(())
}
