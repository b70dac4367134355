//! One run: a session in memory or in a folder of its own, answered by the folders' names.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::executor::block_on;
use serde::Serialize;
use sluice_events::facts::{Seen, Source};
use sluice_events::message::{Interval, Level, Queue};
use sluice_events::{Answer, Command, CommandId, ImageId, RankingId};
use sluice_log::storage::{FsStorage, MemoryStorage};
use sluice_pool::Finding;
use sluice_server::{Service, SessionOptions};
use sluice_session::state::ImageState;
use uuid::Uuid;

use super::clock::Clock;
use super::measures::needed;
use super::printed::progress;
use crate::oracle::Oracle;

/// What the model expects to be left is noted so often, in looks.
const FORECAST_EVERY: usize = 50;
/// So much of the queue a page has.
const QUEUE: usize = 24;

/// What a run was.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Run {
    pub pool: String,
    pub positive: String,
    pub selector: String,
    pub features: String,
    pub seed: u64,
    /// Answers a second; none: as fast as they are ranked.
    pub pace: Option<f64>,
    /// The share of answers that were wrong.
    pub flipped: f64,
    pub background: bool,
    pub images: usize,
    pub positives: usize,
    /// The log was on the disk, not in memory.
    pub on_disk: bool,
    pub features_seconds: f64,
    pub answering_seconds: f64,
    /// How much later than at its pace a look was ranked at most: time that a person does not give the background.
    pub late_seconds: f64,
    /// How often a network in the background joined.
    pub opinions: u32,
}

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// After so many looks.
    pub looks: Option<u32>,
    /// As soon as this share of the positives was shown, percent.
    pub percent: u32,
}

/// One answer of the run.
#[derive(Clone, Debug, Default)]
pub struct LookMade {
    pub image: u32,
    pub path: String,
    /// What it is, whatever was answered.
    pub positive: bool,
    /// What was answered.
    pub answered: bool,
    pub probability: Option<f32>,
    pub durable: Duration,
    pub ranked: Duration,
    /// Positives that the model expected to be left afterwards, now and then.
    pub left: Option<Interval>,
}

/// A picture in a page's line, and what a ranking says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shown {
    image: ImageId,
    ranking: Option<RankingId>,
    probability: Option<f32>,
}

/// Who answers.
struct Person<'a> {
    service: &'a Service,
    oracle: &'a Oracle,
    /// Of the images.
    paths: Vec<String>,
}

/// Runs a session until it was answered as long as `until` says, or no image is left.
pub fn run(
    run: &mut Run,
    options: SessionOptions,
    finding: &Finding,
    oracle: &Oracle,
    until: &Until,
) -> Result<Vec<LookMade>> {
    let begun = Instant::now();
    run.on_disk = options.folder.is_some();
    let service = open(options, finding)?;
    let paths: Vec<String> = service
        .session
        .read_blocking(|view| view.state.images.iter().map(|image| image.path.clone()).collect())?;
    wait_for_features(&service)?;
    run.features_seconds = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let made = answer(&Person { service: &service, oracle, paths }, until, run)?;
    run.answering_seconds = begun.elapsed().as_secs_f64();
    run.features.clone_from(&service.training.borrow().features);
    run.opinions = service.training.borrow().opinions;
    service.close();
    Ok(made)
}

/// A session without a folder is in memory. One that can't begin leaves no folder behind.
fn open(options: SessionOptions, finding: &Finding) -> Result<Service> {
    let Some(folder) = options.folder.clone() else {
        return Ok(Service::open(options, finding, MemoryStorage::default())?);
    };
    let storage = FsStorage::new(&folder)
        .with_context(|| format!("can't make the session folder {}", folder.display()))?;
    Service::open(options, finding, storage).map_err(|error| {
        std::fs::remove_dir_all(&folder).ok();
        error.into()
    })
}

/// The person comes when the features are there; their time is reported apart.
fn wait_for_features(service: &Service) -> Result<()> {
    let mut training = service.training.clone();
    let bar = progress(0, "computing features");
    loop {
        let now = training.borrow_and_update().clone();
        bar.set_length(u64::from(now.to_embed));
        bar.set_position(u64::from(now.embedded));
        let complete = now.to_embed > 0 && now.embedded == now.to_embed;
        if complete || !service.model {
            bar.finish_and_clear();
            return Ok(());
        }
        fail_on_warning(service)?;
        block_on(training.changed()).context("the engine ended")?;
    }
}

/// Answers what is on the screen until it is enough. The next picture is taken as a page takes it: when the answer is
/// given, from the newest ranking, which knows all answers but this one.
fn answer(person: &Person<'_>, until: &Until, run: &mut Run) -> Result<Vec<LookMade>> {
    let images = person.paths.len();
    let looks = until.looks.map_or(images, |looks| looks as usize).min(images);
    let enough =
        if until.percent < 100 { needed(until.percent, run.positives) } else { usize::MAX };
    let bar = progress(looks as u64, "answering");
    let mut clock = Clock::start(run.pace);
    let (mut made, mut found) = (Vec::with_capacity(looks), 0);
    let mut on_screen = None;
    wait_until_ranked(person.service, 0)?;
    while made.len() < looks && found < enough {
        clock.wait_for_look(made.len(), || person.service.training.borrow().in_background);
        let (queue, goes_on) = person.service.session.read_blocking(move |view| {
            // It may have been found to be broken meanwhile.
            let is_there =
                |shown: &Shown| view.state.image(shown.image).is_some_and(ImageState::is_candidate);
            (view.state.queue(view.order, QUEUE), on_screen.filter(is_there))
        })?;
        let [current, next] = line(&queue, goes_on);
        let Some(current) = current else { break };
        let mut look = person.answer(current)?;
        if (made.len() + 1).is_multiple_of(FORECAST_EVERY) {
            let forecast = person.service.session.read_blocking(|view| view.state.forecast())?;
            look.left = forecast.map(|forecast| forecast.positives_left);
        }
        found += usize::from(look.positive);
        made.push(look);
        on_screen = next;
        run.late_seconds = run.late_seconds.max(clock.late(made.len()).as_secs_f64());
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(made)
}

/// A page's line when a queue comes: what is on the screen stays there, with what is thought of it now, and the first
/// of the others follows.
fn line(queue: &Queue, on_screen: Option<Shown>) -> [Option<Shown>; 2] {
    let offered: Vec<Shown> = queue
        .items
        .iter()
        .map(|item| Shown {
            image: item.image,
            ranking: queue.ranking,
            probability: item.probability,
        })
        .collect();
    let is_on_screen =
        |shown: &Shown| on_screen.is_some_and(|on_screen| on_screen.image == shown.image);
    let again = offered.iter().copied().find(is_on_screen);
    let mut others = offered.iter().copied().filter(|shown| !is_on_screen(shown));
    let current = again.or(on_screen).or_else(|| others.next());
    [current, others.next()]
}

impl Person<'_> {
    /// Answers a picture, and waits for the ranking that knows the answer.
    fn answer(&self, shown: Shown) -> Result<LookMade> {
        let Shown { image, ranking, probability } = shown;
        let path = self.paths[image.index()].clone();
        let (positive, answered) = (self.oracle.is_positive(&path), self.oracle.answer(&path));
        let sent = Instant::now();
        let done = self.service.session.command_blocking(Command::Answer {
            id: CommandId(Uuid::now_v7()),
            image,
            answer: if answered { Answer::Positive } else { Answer::Negative },
            source: Source::Manual,
            annotator: "simulation".to_owned(),
            // The session knows what the ranking had said.
            seen: Seen { ranking, ..Seen::default() },
        })?;
        let durable = sent.elapsed();
        wait_until_ranked(self.service, done.seq)?;
        let ranked = sent.elapsed();
        let image = image.0;
        Ok(LookMade { image, path, positive, answered, probability, durable, ranked, left: None })
    }
}

fn wait_until_ranked(service: &Service, answer: u64) -> Result<()> {
    let mut durable = service.session.durable();
    loop {
        durable.borrow_and_update();
        let known = service.session.read_blocking(|view| {
            view.state.ranking.as_ref().map(|ranking| ranking.learned_from)
        })?;
        if known.is_some_and(|known| known >= answer) {
            return Ok(());
        }
        fail_on_warning(service)?;
        block_on(durable.changed()).context("the session ended")?;
    }
}

/// Nobody is there to read a warning and go on.
fn fail_on_warning(service: &Service) -> Result<()> {
    let (notices, _) = service.notices.watch().borrow().since(0);
    match notices.into_iter().find(|notice| notice.level != Level::Info) {
        Some(warning) => bail!("{}", warning.text),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use sluice_events::message::QueueItem;

    use super::*;

    fn queue(ranking: u64, images: &[u32]) -> Queue {
        let item = |&image: &u32| QueueItem {
            image: ImageId(image),
            probability: Some(ranking as f32 / 100.0),
        };
        let items = images.iter().map(item).collect();
        Queue { ranking: Some(RankingId(ranking)), items, behind: 0 }
    }

    fn shown(image: u32, ranking: u64) -> Shown {
        let probability = Some(ranking as f32 / 100.0);
        Shown { image: ImageId(image), ranking: Some(RankingId(ranking)), probability }
    }

    #[test]
    fn the_next_picture_is_chosen_by_a_ranking_that_does_not_know_the_answer_before_it() {
        let [first, second] = line(&queue(1, &[5, 6, 7]), None);
        assert_eq!([first, second], [shown(5, 1), shown(6, 1)].map(Some));
        // 5 is answered, and the ranking that knows it would have 7 next: 6 was on the screen by then.
        let [current, next] = line(&queue(2, &[7, 8, 6]), second);
        assert_eq!([current, next], [shown(6, 2), shown(7, 2)].map(Some));
        // What the newest ranking does not offer any more stays as it was shown.
        assert_eq!(line(&queue(3, &[8, 9]), next), [shown(7, 2), shown(8, 3)].map(Some));
    }

    #[test]
    fn the_last_picture_is_answered_and_none_follows() {
        assert_eq!(line(&queue(4, &[9]), Some(shown(9, 3))), [Some(shown(9, 4)), None]);
        assert_eq!(line(&queue(5, &[]), None), [None, None]);
    }
}
