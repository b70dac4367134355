//! What a simulation leaves: a table of every look, and the curves as a picture.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;

use super::measures::{looks_to, needed};
use super::run::LookMade;
use super::together::LooksTo;

/// Points of a curve that are drawn at most.
const POINTS: usize = 2000;
/// Of the middle of several curves: one every half percent.
const LEVELS: usize = 200;

/// A run's curve: positives after each look. Runs of one name differ in their seed only.
pub struct Curve {
    pub name: String,
    pub positives: usize,
    pub images: usize,
    pub found: Vec<usize>,
}

impl Curve {
    /// Looks until this share (percent) of the positives was shown, and the looks that were made.
    pub fn looks_to(&self, share: u32) -> (Option<usize>, usize) {
        self.looks_to_count(needed(share, self.positives))
    }

    fn looks_to_count(&self, positives: usize) -> (Option<usize>, usize) {
        (looks_to(&self.found, positives), self.found.len())
    }

    /// Percent of the positives, after so many looks.
    fn points(&self) -> Vec<(usize, f64)> {
        let share = |found: usize| 100.0 * found as f64 / self.positives.max(1) as f64;
        let step = self.found.len().div_ceil(POINTS).max(1);
        let last = self.found.iter().copied().enumerate().next_back();
        let points = self.found.iter().copied().enumerate().step_by(step).chain(last);
        points.map(|(at, found)| (at + 1, share(found))).collect()
    }
}

/// Curves by their names, in the order in which these come first.
pub fn kinds(curves: &[Curve]) -> Vec<(&str, Vec<&Curve>)> {
    let mut kinds: Vec<(&str, Vec<&Curve>)> = Vec::new();
    for curve in curves {
        match kinds.iter_mut().find(|(name, _)| *name == curve.name) {
            Some((_, runs)) => runs.push(curve),
            None => kinds.push((curve.name.as_str(), vec![curve])),
        }
    }
    kinds
}

/// Every look of a run, one a line.
pub fn csv(made: &[LookMade]) -> String {
    let mut text = String::from(
        "look,positives,image,path,positive,answered,probability,answer_to_durable_ms,answer_to_ranking_ms,\
         left_low,left_likely,left_high\n",
    );
    let mut positives = 0;
    for (look, number) in made.iter().zip(1..) {
        positives += u32::from(look.positive);
        let probability = look.probability.map(|p| format!("{p:.6}")).unwrap_or_default();
        let (durable, ranked) = (look.durable.as_secs_f64() * 1e3, look.ranked.as_secs_f64() * 1e3);
        let path = look.path.replace('"', "\"\"");
        let (image, positive, answered) =
            (look.image, u8::from(look.positive), u8::from(look.answered));
        let left = look.left.map_or(",,".to_owned(), |left| {
            format!("{:.1},{:.1},{:.1}", left.low, left.likely, left.high)
        });
        // Writing to a string can't fail.
        let _ = writeln!(
            text,
            "{number},{positives},{image},\"{path}\",{positive},{answered},{probability},{durable:.3},{ranked:.3},{left}"
        );
    }
    text
}

/// A line of the picture.
struct Line {
    /// None: another one speaks for it.
    label: Option<String>,
    style: ShapeStyle,
    /// Looks, and percent of the positives.
    points: Vec<(usize, f64)>,
}

/// What chance would find, and of each name the curve of its run, or, of several, their thin curves and a thick one in
/// the middle.
fn lines(curves: &[Curve], looks: usize) -> Vec<Line> {
    let by_chance = curves.first().map(|curve| {
        let at = (0..=looks).step_by(looks.div_ceil(50).max(1));
        let points = at.map(|at| (at, 100.0 * at as f64 / curve.images as f64)).collect();
        Line { label: Some("chance".to_owned()), style: BLACK.mix(0.4).stroke_width(1), points }
    });
    let mut lines: Vec<Line> = by_chance.into_iter().collect();
    for (number, (name, runs)) in kinds(curves).into_iter().enumerate() {
        let colour = Palette99::pick(number);
        let (label, width, points) = match runs[..] {
            [only] => (name.to_owned(), 2, only.points()),
            _ => (format!("{name}, median of {} seeds", runs.len()), 3, middle(&runs)),
        };
        let style = colour.mix(0.4).stroke_width(1);
        let thin = runs.iter().filter(|_| runs.len() > 1);
        lines.extend(thin.map(|run| Line { label: None, style, points: run.points() }));
        lines.push(Line { label: Some(label), style: colour.stroke_width(width), points });
    }
    lines
}

/// The median of the looks that the runs took to each share of the positives, as far as it is known.
fn middle(runs: &[&Curve]) -> Vec<(usize, f64)> {
    let at = |level: usize| {
        let needed = |run: &Curve| (run.positives * level).div_ceil(LEVELS);
        let of_runs = runs.iter().copied().map(|run| run.looks_to_count(needed(run)));
        let looks = LooksTo::of(of_runs);
        Some((looks.spread.median?.round() as usize, 100.0 * level as f64 / LEVELS as f64))
    };
    (1..=LEVELS).filter_map(at).collect()
}

/// The curves of all runs, with what chance would find, as SVG.
pub fn plot(curves: &[Curve], to: &Path) -> Result<()> {
    // The library's errors borrow the drawing.
    let draw = || -> Result<(), Box<dyn std::error::Error>> {
        let looks = curves.iter().map(|curve| curve.found.len()).max().unwrap_or(1);
        let root = SVGBackend::new(to, (960, 600)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(20)
            .caption("Positives found", ("sans-serif", 22))
            .x_label_area_size(45)
            .y_label_area_size(60)
            .build_cartesian_2d(0..looks, 0.0..100.0)?;
        chart.configure_mesh().x_desc("looks").y_desc("% of the positives").draw()?;
        for Line { label, style, points } in lines(curves, looks) {
            let drawn = chart.draw_series(LineSeries::new(points, style))?;
            if let Some(label) = label {
                drawn
                    .label(label)
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
            }
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.9))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        root.present()?;
        Ok(())
    };
    draw()
        .map_err(|error| anyhow!("{error}"))
        .with_context(|| format!("can't draw {}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of forty images with ten positives, one every so many looks.
    fn curve(name: &str, every: usize, looks: usize) -> Curve {
        let found = (1..=looks).map(|look| (look / every).min(10)).collect();
        Curve { name: name.to_owned(), positives: 10, images: 40, found }
    }

    #[test]
    fn several_runs_are_thin_and_their_median_is_thick() {
        let [two, four] = [curve("a", 2, 20), curve("a", 4, 40)];
        let lines = lines(&[two, curve("b", 1, 10), four], 40);
        let told: Vec<(Option<&str>, u32)> =
            lines.iter().map(|line| (line.label.as_deref(), line.style.stroke_width)).collect();
        let median = (Some("a, median of 2 seeds"), 3);
        assert_eq!(told, [(Some("chance"), 1), (None, 1), (None, 1), median, (Some("b"), 2)]);
        // Half of the ten after 10 and after 20 looks, all after 20 and after 40.
        let points = &lines[3].points;
        assert!(points.contains(&(15, 50.0)) && points.last() == Some(&(30, 100.0)));
    }

    #[test]
    fn the_median_ends_where_it_is_not_known() {
        let [whole, short] = [curve("a", 2, 20), curve("a", 2, 10)];
        assert_eq!(middle(&[&whole, &short]).last(), Some(&(10, 50.0)));
    }

    #[test]
    fn curves_of_one_name_are_of_one_kind() {
        let curves = [curve("a", 1, 5), curve("b", 1, 5), curve("a", 2, 5)];
        let kinds = kinds(&curves);
        let counted: Vec<(&str, usize)> =
            kinds.iter().map(|(name, runs)| (*name, runs.len())).collect();
        assert_eq!(counted, [("a", 2), ("b", 1)]);
        assert_eq!(curves[0].looks_to(50), (Some(5), 5));
        assert_eq!(curves[2].looks_to(50), (None, 5));
    }
}
