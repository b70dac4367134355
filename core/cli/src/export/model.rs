//! `sluice export model`: the predictor as a file that other programs load; beside it a description for programs, and a
//! card for people.
//!
//! ```text
//!   session, ready -> predictor ----------> FILE: .pt | .safetensors | .onnx
//!                  -> facts --+-----------> FILE.json: preparation, graph
//!                             +-> card ---> FILE.md
//! ```
//!
//! FILE is its whole name: beside m.onnx there are m.onnx.json and m.onnx.md, and what else begins with m is let be.
//!
//! What always holds: nothing of it tells when it was made, so that the same answers give the same bytes, and nothing
//! is computed before all three places are free.

mod card;
mod facts;
mod loading;
mod markdown;
mod measures;
mod preparation;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::HumanBytes;
use serde::Serialize;
use sluice_learn::{Input, Predictor};
use tokio::runtime::Runtime;

use crate::arguments::{ExportModel, ModelFormat};
use crate::log;
use crate::ready::Ready;
use crate::settings::Settings;
use crate::tell::say;
use crate::whole::{Kind, Target};
use card::Card;
use facts::Facts;

/// What a file in TorchScript is called while it is written. libtorch keeps the name in the file, which must not depend
/// on where it will be.
const SCRIPT: &str = "predictor.pt";

pub fn run(arguments: &ExportModel, settings: &Settings) -> Result<()> {
    let places = Places::of(arguments)?;
    let targets = places.targets(arguments.replace)?;
    let storage = log::session(&arguments.folder)?;
    for target in &targets {
        target.stay_outside_session(storage.root())?;
    }
    let runtime = Runtime::new().context("can't start threads")?;
    let ready = Ready {
        pool: arguments.pool.as_deref(),
        arguments: &arguments.session_arguments,
        settings,
        nothing: "Nothing was written",
    };
    let service = ready.open(storage)?;
    let predictor = ready.predictor(&service)?;
    let facts = Facts::of(&service, &runtime)?;
    service.close();
    places.write(&targets, arguments.format, &predictor, &facts)?;
    places.tell(&predictor.inputs())
}

/// The three files.
struct Places {
    model: PathBuf,
    description: PathBuf,
    card: PathBuf,
}

/// What programs read.
#[derive(Serialize)]
struct Description<'a> {
    file: &'a str,
    file_format: &'static str,
    takes: &'static str,
    gives: &'static str,
    /// From a file to what it takes.
    preparation: &'static [&'static str],
    /// Inputs, parts, graphs, and what it was made from.
    predictor: serde_json::Value,
}

impl Places {
    fn of(arguments: &ExportModel) -> Result<Self> {
        let (model, format) = (arguments.to.clone(), arguments.format);
        let shown = model.display();
        let ending = model.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let says = match ending.to_ascii_lowercase().as_str() {
            "json" | "md" => bail!(
                "{shown} ends as the description or the card of a model does; nothing was written. Name the model \
                 otherwise, for example with the ending .{}",
                usual_ending(format)
            ),
            "pt" | "pth" => Some(ModelFormat::Torchscript),
            "safetensors" => Some(ModelFormat::Safetensors),
            "onnx" => Some(ModelFormat::Onnx),
            _ => None,
        };
        if says.is_some_and(|says| says != format) {
            bail!(
                "{shown} is named as another format than {}; nothing was written. Name a file that ends with .{}, or \
                 choose the other --format",
                name(format),
                usual_ending(format)
            );
        }
        let (description, card) = (with_added(&model, ".json"), with_added(&model, ".md"));
        Ok(Self { model, description, card })
    }

    fn targets(&self, replace: bool) -> Result<[Target<'_>; 3]> {
        let places = [&self.model, &self.description, &self.card];
        let [model, description, card] =
            places.map(|place| Target::new(place, Kind::File, replace));
        Ok([model?, description?, card?])
    }

    /// The model first: it is the largest, and what is said of it would mean nothing without it.
    fn write(
        &self,
        [model, description, card]: &[Target<'_>; 3],
        format: ModelFormat,
        predictor: &Predictor,
        facts: &Facts,
    ) -> Result<()> {
        let file = file_name(&self.model);
        let described = describe(&file, format, predictor, facts)?;
        let inputs = predictor.inputs();
        let text = Card { file: &file, format, predictor, inputs: &inputs, facts }.text();
        write_model(model, format, predictor, facts)?;
        let beside = write_text(description, &described).and_then(|()| write_text(card, &text));
        beside.with_context(|| {
            format!(
                "{} is written and whole, but not all that belongs beside it; give this command again with --replace",
                self.model.display()
            )
        })
    }

    fn tell(&self, inputs: &[Input]) -> Result<()> {
        let bytes = fs::metadata(&self.model).context("what was written is gone again")?.len();
        let sides: Vec<String> =
            inputs.iter().map(|Input { side, .. }| format!("{side} × {side}")).collect();
        say(&format!(
            "Wrote {} ({}): it takes pictures made {} pixels, and gives P(positive).",
            self.model.display(),
            HumanBytes(bytes),
            sides.join(" and ")
        ));
        say(&format!(
            "How pictures are prepared, for programs: {}\nThe model card, for people: {}",
            self.description.display(),
            self.card.display()
        ));
        Ok(())
    }
}

fn describe(
    file: &str,
    format: ModelFormat,
    predictor: &Predictor,
    facts: &Facts,
) -> Result<String> {
    let described = serde_json::from_str(&predictor.describe(&facts.about()));
    let description = Description {
        file,
        file_format: name(format),
        takes: "for each of predictor.inputs the same pictures, bytes (pictures, side, side, 3): red, green, blue",
        gives: "P(positive) of each picture, floats (pictures)",
        preparation: &preparation::STEPS,
        predictor: described.context("the predictor can't be described; nothing was written")?,
    };
    Ok(serde_json::to_string_pretty(&description)? + "\n")
}

fn write_model(
    target: &Target<'_>,
    format: ModelFormat,
    predictor: &Predictor,
    facts: &Facts,
) -> Result<()> {
    match format {
        ModelFormat::Torchscript => {
            target.file_called(SCRIPT, |path| Ok(predictor.write_script(path)?))
        }
        ModelFormat::Safetensors => {
            let bytes = predictor.to_safetensors(&facts.about())?;
            target.file(|out| Ok(out.write_all(&bytes)?))
        }
        ModelFormat::Onnx => {
            let bytes = predictor.to_onnx(&facts.about());
            target.file(|out| Ok(out.write_all(&bytes)?))
        }
    }
}

fn write_text(target: &Target<'_>, text: &str) -> Result<()> {
    target.file(|out| Ok(out.write_all(text.as_bytes())?))
}

/// As it is named on the command line.
fn name(format: ModelFormat) -> &'static str {
    match format {
        ModelFormat::Torchscript => "torchscript",
        ModelFormat::Safetensors => "safetensors",
        ModelFormat::Onnx => "onnx",
    }
}

fn usual_ending(format: ModelFormat) -> &'static str {
    match format {
        ModelFormat::Torchscript => "pt",
        ModelFormat::Safetensors => "safetensors",
        ModelFormat::Onnx => "onnx",
    }
}

/// Its whole name, and an ending.
fn with_added(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
