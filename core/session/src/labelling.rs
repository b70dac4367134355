//! Labels many images as one step, in as many records as that takes; goes on with a step that was interrupted.

use sluice_events::facts::{BulkLabel, Origin};
use sluice_events::{BulkId, Command, CommandId};

use crate::bulk::Bulk;
use crate::handle::{CommandError, SessionHandle};

/// Labels of a record: as few as are durable in a moment, so that answers of people come between.
const AT_ONCE: usize = 5000;

/// Gives these labels, by image, ascending. `told` learns after each record how many of them are durable.
///
/// What the same origin was to say and did not, because it was interrupted, is gone on with: its labels, and these,
/// are one step then.
///
/// # Errors
/// When a label is refused or can't be saved; those before it stay, and the same call goes on.
pub async fn label_all(
    session: &SessionHandle,
    id: CommandId,
    origin: Origin,
    annotator: String,
    labels: Vec<BulkLabel>,
    told: impl Fn(usize),
) -> Result<BulkId, CommandError> {
    let wanted = origin.clone();
    let (first, count) = (labels.first().map(|label| label.image), labels.len());
    let goes_on = move |bulk: &Bulk| {
        is_same(&bulk.origin, &wanted) && bulk.missing() == count && bulk.last < first
    };
    let begun =
        session.read(move |view| view.state.bulks.iter().rfind(|b| goes_on(b)).map(|b| b.bulk));
    let bulk = if let Some(bulk) = begun.await? {
        bulk
    } else {
        let labels = count as u32;
        session.command(Command::BeginBulk { id, origin, labels, annotator }).await?;
        // This command's own step: others may have begun theirs meanwhile.
        let begun = session.read(move |view| {
            let seq = view.state.commands.get(&id).copied();
            view.state.bulks.iter().find(|known| Some(known.seq) == seq).map(|known| known.bulk)
        });
        begun.await?.ok_or(CommandError::Closed)?
    };
    let mut done = 0;
    for part in labels.chunks(AT_ONCE) {
        session.command(Command::LabelInBulk { bulk, labels: part.to_vec() }).await?;
        done += part.len();
        told(done);
    }
    Ok(bulk)
}

/// A file may have got another name.
fn is_same(one: &Origin, other: &Origin) -> bool {
    match (one, other) {
        (Origin::File { hash, .. }, Origin::File { hash: wanted, .. }) => hash == wanted,
        (one, other) => one == other,
    }
}
