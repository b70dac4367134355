//! The trainer and its thread, without a picture.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use rand::SeedableRng;
use sluice_pool::{Key, Square};
use tch::Device;

use super::work::Outcome;
use super::*;
use crate::device::OUT_OF_MEMORY;
use crate::{NoPicture, Pictures};

/// Nobody looks at a picture here.
struct NoPictures;

impl Pictures for NoPictures {
    fn square(&self, _: ImageId, _: u32, _: &dyn Fn(&Key) -> bool) -> Result<Square, NoPicture> {
        Err(NoPicture::Missing("is not there".to_owned()))
    }

    fn longer_side(&self, _: ImageId) -> Option<u32> {
        None
    }

    fn has_example(&self) -> bool {
        false
    }

    fn ready(&self) {}
}

/// Says one thing of one image, when it has memory for it.
struct Hungry {
    says: f32,
    /// It has when it was divided so often.
    fits_at: u32,
    divided: u32,
}

impl Cycles for Hungry {
    fn resume(&mut self, _: Arc<[u8]>) {}

    fn cycle(&mut self, job: &Job) -> Result<Outcome, String> {
        assert!(self.divided >= self.fits_at, "CUDA {OUT_OF_MEMORY}. Tried to allocate 2 GiB");
        let logits = vec![(ImageId(1), self.says)];
        let opinion =
            Opinion { job: job.number, logits, cycle: None, checkpoint: None, part: None };
        Ok(Outcome::Opinion(opinion))
    }

    fn divide(&mut self) -> bool {
        self.divided += 1;
        self.divided <= 3
    }
}

/// What is said of one cycle by a network that needs batches divided so often; on the CPU it says 2.
fn said(device: Device, fits_at: u32) -> Vec<String> {
    let pictures = Arc::new(NoPictures);
    let task = Task { images: 2, pictures, device, place: None, pool: String::new() };
    let (wishes, to_do) = channel();
    let (say, said) = channel();
    let begin = |_: Subject, task: Task| -> Box<dyn Cycles> {
        assert_eq!(task.device, Device::Cpu);
        Box::new(Hungry { says: 2.0, fits_at: 0, divided: 0 })
    };
    let under_way = AtomicU32::new(2);
    for number in 1..=2 {
        wishes.send(Wish::Cycle(Job { number, ..Job::default() })).unwrap();
    }
    drop(wishes);
    let course: Option<Box<dyn Cycles>> = Some(Box::new(Hungry { says: 1.0, fits_at, divided: 0 }));
    Thread { course, begin: &begin, task, say }.run(&to_do, &under_way);
    said.iter().map(words).collect()
}

fn words(said: Said) -> String {
    match said {
        Said::Opinion(opinion) => format!("{} of {}", opinion.logits[0].1, opinion.job),
        Said::Note(note) => note,
        Said::Nothing => "nothing".to_owned(),
        Said::Astray => "astray".to_owned(),
        Said::Instead(subject) => format!("instead {}", subject.name()),
        Said::Ended(_) => "ended".to_owned(),
    }
}

/// Has these outcomes, one after the other.
struct Fated(Vec<Outcome>);

impl Cycles for Fated {
    fn resume(&mut self, _: Arc<[u8]>) {}

    fn cycle(&mut self, _: &Job) -> Result<Outcome, String> {
        Ok(self.0.remove(0))
    }

    fn divide(&mut self) -> bool {
        false
    }
}

/// What is said of cycles with these outcomes.
fn said_of(outcomes: Vec<Outcome>) -> Vec<String> {
    let pictures = Arc::new(NoPictures);
    let task = Task { images: 2, pictures, device: Device::Cpu, place: None, pool: String::new() };
    let (wishes, to_do) = channel();
    let (say, said) = channel();
    for _ in &outcomes {
        wishes.send(Wish::Cycle(Job::default())).unwrap();
    }
    drop(wishes);
    let under_way = AtomicU32::new(outcomes.len() as u32);
    let begin = |_: Subject, _: Task| -> Box<dyn Cycles> { Box::new(Fated(Vec::new())) };
    let course: Option<Box<dyn Cycles>> = Some(Box::new(Fated(outcomes)));
    Thread { course, begin: &begin, task, say }.run(&to_do, &under_way);
    said.iter().map(words).collect()
}

#[test]
fn a_gpu_that_is_short_of_memory_does_the_same_in_smaller_batches() {
    assert_eq!(said(Device::Cuda(0), 0), ["1 of 1", "1 of 2"]);
    assert_eq!(said(Device::Cuda(0), 3), ["1 of 1", "1 of 2"]);
}

#[test]
fn a_gpu_with_too_little_memory_leaves_it_to_the_cpu_which_is_told() {
    let said = said(Device::Cuda(0), 4);
    assert_eq!((said.len(), said[0].as_str(), said[2].as_str()), (3, "instead small", "2 of 2"));
    assert!(said[1].contains("The CPU trains a small network instead"), "{said:?}");
}

#[test]
fn where_there_is_nothing_left_to_try_it_ends_and_tells() {
    assert_eq!(said(Device::Cpu, 1), ["ended"]);
}

fn trainer() -> Trainer {
    let pictures = Arc::new(NoPictures);
    let task = Task { images: 2, pictures, device: Device::Cpu, place: None, pool: String::new() };
    Trainer::start(Subject::Small, Recipe::Cycles, task, 1).unwrap()
}

/// So many, a quarter of them positive.
fn labels(count: u32) -> Vec<(ImageId, bool)> {
    (0..count).map(|image| (ImageId(image), image % 4 == 0)).collect()
}

#[test]
fn a_cycle_that_came_to_nothing_is_asked_for_again_when_something_is_new() {
    let mut trainer = trainer();
    let (say, said) = channel();
    trainer.ask(Job { labels: labels(500), ..Job::default() });
    trainer.said = said;
    trainer.under_way.store(0, Ordering::Relaxed);
    assert!(!trainer.is_due(&labels(501)));
    say.send(Said::Nothing).unwrap();
    trainer.said().unwrap();
    assert!(!trainer.is_due(&labels(500)), "the same comes to nothing again");
    assert!(trainer.is_due(&labels(501)));
    trainer.change(&[ImageId(3)]);
    assert!(trainer.is_due(&labels(500)), "a picture is another one");
}

#[test]
fn a_network_that_goes_astray_is_not_trained_anew_with_every_answer() {
    let mut trainer = trainer();
    let (say, said) = channel();
    trainer.ask(Job { labels: labels(500), ..Job::default() });
    trainer.said = said;
    trainer.under_way.store(0, Ordering::Relaxed);
    say.send(Said::Astray).unwrap();
    trainer.said().unwrap();
    assert!(!trainer.is_due(&labels(560)), "60 more would be enough for one that did well");
    assert!(trainer.is_due(&labels(620)));
}

#[test]
fn that_it_went_astray_is_told_once() {
    let said = said_of(vec![Outcome::Astray, Outcome::Nothing, Outcome::Astray]);
    assert!(said[0].contains("Answers are safe"), "{said:?}");
    assert_eq!(said[1..], ["astray", "nothing", "astray"]);
}

#[test]
fn what_is_thought_of_a_picture_that_was_changed_meanwhile_is_left_out() {
    let mut trainer = trainer();
    let (say, said) = channel();
    trainer.said = said;
    let opinion = |job| {
        let logits = vec![(ImageId(0), 1.0), (ImageId(1), 1.0)];
        Said::Opinion(Opinion { job, logits, cycle: None, checkpoint: None, part: None })
    };
    let heard_of = |trainer: &mut Trainer, job| {
        say.send(opinion(job)).unwrap();
        let Some(Said::Opinion(opinion)) = trainer.said() else { panic!("an opinion") };
        opinion.logits.into_iter().map(|(image, _)| image.0).collect::<Vec<u32>>()
    };
    trainer.ask(Job::default());
    trainer.change(&[ImageId(1)]);
    trainer.ask(Job::default());
    assert_eq!(heard_of(&mut trainer, 1), [0], "it was asked before the change");
    assert_eq!(heard_of(&mut trainer, 2), [0, 1]);
    assert!(trainer.changed.is_empty());
}

#[test]
fn few_are_drawn_again_and_many_once() {
    let images: Vec<ImageId> = (0..30).map(ImageId).collect();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut drawn = draw(&images, 30, &mut random);
    drawn.sort();
    assert_eq!(drawn, images);
    assert_eq!(draw(&images[..2], 9, &mut random).len(), 9);
    assert!(draw(&[], 9, &mut random).is_empty());
}
