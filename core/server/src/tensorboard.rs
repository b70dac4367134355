//! How it goes, for TensorBoard: scalars over looks, in a file of events that it reads while it grows.

mod file;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sluice_events::message::Level;
use sluice_session::SessionHandle;

use crate::notices::NoticeBoard;
use crate::standing::Standing;
pub(crate) use file::EventFile;
use sluice_session::now_us;

/// Scalars are written this often at most.
const EVERY: Duration = Duration::from_secs(1);

/// The thread that writes; it ends when this goes.
pub(crate) struct TensorBoard {
    until: Sender<()>,
    thread: JoinHandle<()>,
}

impl TensorBoard {
    /// Follows the session.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        mut file: EventFile,
        session: SessionHandle,
        notices: NoticeBoard,
    ) -> std::io::Result<Self> {
        let (until, ended) = channel();
        let thread = thread::Builder::new().name("tensorboard".into()).spawn(move || {
            if let Err(error) = follow(&mut file, &session, &ended) {
                let text = format!(
                    "What TensorBoard shows can't be written any more ({error}). Answers are safe and go on; look \
                     after the disk, then start sluice anew."
                );
                notices.pin(Level::Warning, text);
            }
        })?;
        Ok(Self { until, thread })
    }

    /// Waits until what is new is written.
    pub fn end(self) {
        let Self { until, thread } = self;
        drop(until);
        let _ = thread.join();
    }
}

fn follow(
    file: &mut EventFile,
    session: &SessionHandle,
    ended: &Receiver<()>,
) -> std::io::Result<()> {
    let mut told: Option<Standing> = None;
    let mut goes_on = true;
    loop {
        let before = told.as_ref().map(|news| news.statistics.next_seq);
        let news = session.read_blocking(move |view| {
            (before != Some(view.state.next_seq)).then(|| Standing::of(view))
        });
        match news {
            Ok(Some(news)) => {
                let looks = news.statistics.looks;
                let scalars = scalars(&news, told.as_ref());
                file.write(now_us(), looks, &scalars)?;
                told = Some(news);
            }
            Ok(None) => {}
            // It is closed; that was told.
            Err(_) => return Ok(()),
        }
        if !goes_on {
            return Ok(());
        }
        // What came in the last moment is told before the end.
        goes_on = matches!(ended.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout));
    }
}

/// Names and values; a model and a cycle once each.
fn scalars(news: &Standing, told: Option<&Standing>) -> Vec<(&'static str, f32)> {
    let Standing { statistics, model, cycle } = news;
    let share = |agreed: u32, of: u32| (of > 0).then(|| agreed as f32 / of as f32);
    let (recent, all) = (statistics.agreement, statistics.agreement_of_all);
    let model = model.filter(|model| told.and_then(|told| told.model) != Some(*model));
    let cycle = cycle.filter(|cycle| told.and_then(|told| told.cycle) != Some(*cycle));
    let scalars = [
        ("answers/positives", Some(statistics.positives as f32)),
        ("answers/a_minute", Some(statistics.per_minute)),
        ("answers/seconds_median", statistics.answer_seconds.map(|seconds| seconds.median)),
        ("model/loss", model.map(|model| model.loss)),
        ("model/agreement_last_50", share(recent.agreed, recent.of)),
        ("model/agreement_all", share(all.agreed, all.of)),
        ("model/positives_left", statistics.forecast.as_ref().map(|f| f.positives_left.likely)),
        ("model/ranking_age", Some(statistics.ranking_age as f32)),
        ("background/loss", cycle.map(|cycle| cycle.loss)),
        ("background/learning_rate", cycle.map(|cycle| cycle.learning_rate)),
    ];
    scalars.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
