//! `sluice log salvage`: what is whole of a damaged session, in a new folder.

use anyhow::{Context, Result, bail};
use indicatif::HumanCount;
use sluice_events::facts::RecordLost;
use sluice_events::{Event, codec};
use sluice_log::storage::FsStorage;
use sluice_log::{Record, SalvageError, quoted, salvage};

use super::{say, with_next_step};
use crate::arguments::Salvage;
use crate::unfinished::Unfinished;

pub fn run(arguments: &Salvage) -> Result<()> {
    let from = super::session(&arguments.folder)?;
    let new = arguments.to.display();
    let unfinished = Unfinished::begin(&arguments.to, from.root())?;
    let folder = unfinished.folder();
    let to = FsStorage::new(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))?;
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
        bail!("no record is whole: there is nothing to rescue; nothing was changed");
    }
    unfinished.finish()?;
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
