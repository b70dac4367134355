//! Cycles on pictures of upright and lying bars.
#![allow(clippy::unwrap_used, reason = "a test fails loudly")]

use sluice_pool::{Key, Square};
use tch::Device;

use super::*;
use crate::{NoPicture, Pictures};

/// Upright bars in every third picture, lying ones in the others.
#[derive(Default)]
struct Bars {
    /// The folder is not there.
    away: AtomicBool,
}

fn is_upright(image: ImageId) -> bool {
    image.0.is_multiple_of(3)
}

impl Pictures for Bars {
    fn square(
        &self,
        image: ImageId,
        side: u32,
        _: &dyn Fn(&Key) -> bool,
    ) -> Result<Square, NoPicture> {
        if self.away.load(Ordering::Relaxed) {
            return Err(NoPicture::Missing("is not there".to_owned()));
        }
        let pixel = |at: u32| {
            let along = if is_upright(image) { at % side } else { at / side };
            let noise = (at.wrapping_mul(2_654_435_761).wrapping_add(image.0 * 977) >> 9) % 60;
            (if (along / 3 + image.0 / 3).is_multiple_of(2) { 40 } else { 190 } + noise) as u8
        };
        let rgb = (0..side * side).flat_map(|at| [pixel(at); 3]).collect();
        Ok(Square::Made { rgb, keys: [Key::of_content(&image.0.to_le_bytes()); 2] })
    }

    fn longer_side(&self, _: ImageId) -> Option<u32> {
        Some(32)
    }

    fn has_example(&self) -> bool {
        false
    }

    fn ready(&self) {}
}

fn course(pictures: Arc<Bars>, recipe: Recipe) -> Course {
    seeded(pictures, recipe, 1)
}

fn seeded(pictures: Arc<Bars>, recipe: Recipe, seed: u64) -> Course {
    // Tests run side by side; pairs of threads that wait for each other would take many times as long.
    tch::set_num_threads(1);
    let task =
        Task { images: 120, pictures, device: Device::Cpu, place: None, pool: String::new() };
    Course::new(Subject::Small, recipe, task, seed, Arc::default())
}

/// What it thinks, if anything.
fn opinion(outcome: Result<Outcome, String>) -> Option<Opinion> {
    match outcome.unwrap() {
        Outcome::Opinion(opinion) => Some(opinion),
        Outcome::Nothing | Outcome::Astray => None,
    }
}

/// 75 answers; nothing is thought of the others so far.
fn job() -> Job {
    let labels = (0..75).map(ImageId).map(|image| (image, is_upright(image))).collect();
    let unanswered = (75..120).map(|image| (ImageId(image), 0.0)).collect();
    Job { number: 1, labels, unanswered, ..Job::default() }
}

#[test]
fn every_recipe_teaches_the_network_what_it_was_not_told() {
    for recipe in [Recipe::Cycles, Recipe::Cyclic, Recipe::FreeMatch] {
        let opinion = opinion(course(Arc::default(), recipe).cycle(&job())).unwrap();
        let of = |upright: bool| {
            let logits = opinion.logits.iter().filter(|(image, _)| is_upright(*image) == upright);
            logits.map(|(_, logit)| *logit).collect::<Vec<f32>>()
        };
        let least = of(true).into_iter().fold(f32::MAX, f32::min);
        let most = of(false).into_iter().fold(f32::MIN, f32::max);
        assert!(opinion.logits.len() == 45 && least > most, "{recipe:?}: {least} and {most}");
        assert!(opinion.checkpoint.is_some());
    }
}

#[test]
fn pictures_that_are_not_there_are_asked_for_again() {
    let bars = Arc::new(Bars::default());
    bars.away.store(true, Ordering::Relaxed);
    let mut course = course(Arc::clone(&bars), Recipe::Cycles);
    assert!(matches!(course.cycle(&job()), Ok(Outcome::Nothing)));
    bars.away.store(false, Ordering::Relaxed);
    assert!(opinion(course.cycle(&job())).is_some());
}

#[test]
fn weights_that_are_no_numbers_are_not_kept() {
    let mut course = course(Arc::default(), Recipe::Cycles);
    let kept = opinion(course.cycle(&job())).unwrap().checkpoint.unwrap();
    let mut spoilt = course.network.take().unwrap();
    tch::no_grad(|| {
        for (_, mut tensor) in spoilt.variables_mut().variables() {
            let _ = tensor.fill_(f64::NAN);
        }
    });
    course.network = Some(spoilt);
    // Nothing is left to be asked about, so only the loss shows it.
    let outcome = course.cycle(&Job { unanswered: Vec::new(), ..job() });
    assert!(matches!(outcome, Ok(Outcome::Astray)));
    assert!(course.good.is_none() && course.network.is_none());
    course.resume(Arc::clone(&kept.weights));
    let again = opinion(course.cycle(&Job { only_score: true, ..job() })).unwrap();
    assert!(again.checkpoint.is_none() && again.logits.len() == 45);
}

#[test]
fn the_same_seed_begins_with_the_same_weights_and_another_one_with_others() {
    let first = |seed| {
        let mut course = seeded(Arc::default(), Recipe::Cycles, seed);
        let network = course.subject.begin(Device::Cpu, None, &mut course.random).unwrap();
        let kept = Checkpoint::of("small".to_owned(), 0, network.variables(), &Honest::default());
        kept.unwrap().weights
    };
    let [one, again, other] = [1, 1, 2].map(first);
    assert!(one == again && one != other);
}

#[test]
fn of_very_many_answers_it_looks_at_some() {
    let mut course = course(Arc::default(), Recipe::Cycles);
    let labels = (0..30_000).map(|image| (ImageId(image), is_upright(ImageId(image)))).collect();
    let material = course.gather(&Job { labels, ..job() }).unwrap();
    let answered = material.positives.len() + material.negatives.len();
    assert!((5_000..=20_000).contains(&answered), "{answered}");
}

#[test]
fn what_comes_of_a_job_depends_on_the_seed_and_its_number_and_not_on_what_was_tried_before() {
    let bars = Arc::new(Bars::default());
    let mut tried = course(Arc::clone(&bars), Recipe::Cycles);
    bars.away.store(true, Ordering::Relaxed);
    assert!(matches!(tried.cycle(&job()), Ok(Outcome::Nothing)));
    bars.away.store(false, Ordering::Relaxed);
    let second = Job { number: 2, ..job() };
    let thinks = |mut course: Course| opinion(course.cycle(&second)).unwrap().logits;
    assert_eq!(thinks(tried), thinks(course(Arc::default(), Recipe::Cycles)));
}

#[test]
fn each_job_draws_other_images() {
    let mut course = course(Arc::default(), Recipe::Cycles);
    let [first, again, second] = [1, 1, 2].map(|number| {
        course.draw_anew(number);
        course.gather(&job()).unwrap().unanswered
    });
    assert!(first == again && first != second);
}

#[test]
fn where_there_is_room_for_few_pictures_there_are_some_of_each_kind() {
    let mut course = course(Arc::default(), Recipe::Cycles);
    let twelve = 12 * 32 * 32 * 3;
    course.pixels = Pixels::with_memory(&course.task, None, Arc::default(), twelve);
    let Material { positives, negatives, unanswered, candidates } = course.gather(&job()).unwrap();
    for (kind, images) in [
        ("positives", positives),
        ("negatives", negatives),
        ("unanswered", unanswered),
        ("candidates", candidates),
    ] {
        assert!(images.len() >= 3, "{kind}: {images:?}");
    }
}

#[test]
fn what_a_small_kind_leaves_of_the_room_larger_ones_have() {
    let mut course = course(Arc::default(), Recipe::Cycles);
    let thirty = 30 * 32 * 32 * 3;
    course.pixels = Pixels::with_memory(&course.task, None, Arc::default(), thirty);
    let labels = [(ImageId(0), true), (ImageId(1), false)].to_vec();
    let material = course.gather(&Job { labels, ..job() }).unwrap();
    let Material { positives, negatives, candidates, .. } = material;
    assert_eq!((positives.len(), negatives.len(), candidates.len()), (1, 1, 28));
}
