//! The predictor as one file in safetensors' format: its tensors, and in the file's metadata the graphs, what they take
//! and how their logits are added, as JSON.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use sluice_events::network::{CheckedGraph, Graph};

use super::{Input, MOST_PARTS, Part, Predictor, PredictorError, Values, Way};

/// Where the description stands in the file's metadata.
const KEY: &str = "sluice.predictor";
const FORMAT: &str = "sluice predictor";
const VERSION: u32 = 1;
/// Of the pictures that patches are taken from: one patch at least, and no more than is ever learned from, pixels.
const PATCHED_SIDES: RangeInclusive<u32> = 7..=64;

/// What the JSON says.
#[derive(Debug, Deserialize, Serialize)]
struct Description {
    format: String,
    version: u32,
    inputs: Vec<Input>,
    parts: Vec<PartDescription>,
    /// P(positive) = sigmoid(offset + Σ factor · logit).
    offset: f64,
    /// What it was made from.
    about: BTreeMap<String, String>,
}

/// One part; its tensors are those whose names begin with its name and a full stop.
#[derive(Debug, Deserialize, Serialize)]
struct PartDescription {
    name: String,
    input: String,
    factor: f64,
    #[serde(flatten)]
    way: WayDescription,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "way", rename_all = "lowercase")]
enum WayDescription {
    Network { graph: Box<Graph> },
    Patches { side: u32 },
}

impl Predictor {
    /// What it is, without the numbers, as JSON for people and programs; `about` tells what it was made from.
    pub fn describe(&self, about: &[(String, String)]) -> String {
        serde_json::to_string_pretty(&self.description(about)).unwrap_or_default()
    }

    /// As a file in safetensors' format. The same predictor gives the same bytes.
    ///
    /// # Errors
    /// When the tensors can't be written so.
    pub fn to_safetensors(&self, about: &[(String, String)]) -> Result<Vec<u8>, PredictorError> {
        let mut bytes: BTreeMap<String, (&[usize], Vec<u8>)> = BTreeMap::new();
        for part in &self.parts {
            for (name, Values { shape, numbers }) in &part.tensors {
                let numbers = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                bytes.insert(format!("{}.{name}", part.name), (shape, numbers));
            }
        }
        let wrong = |error: safetensors::SafeTensorError| {
            PredictorError::NoPredictor(format!("its tensors can't be written: {error}"))
        };
        let views = bytes.iter().map(|(name, (shape, bytes))| {
            Ok((name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).map_err(wrong)?))
        });
        let views: Vec<_> = views.collect::<Result<_, PredictorError>>()?;
        let description = serde_json::to_string(&self.description(about)).unwrap_or_default();
        serialize(views, Some(HashMap::from([(KEY.to_owned(), description)]))).map_err(wrong)
    }

    /// Reads what [`to_safetensors`](Self::to_safetensors) has written, and what it was made from.
    ///
    /// # Errors
    /// When it is something else, or is not whole.
    pub fn from_safetensors(
        bytes: &[u8],
    ) -> Result<(Self, BTreeMap<String, String>), PredictorError> {
        let no = |why: String| PredictorError::NoPredictor(why);
        let (_, metadata) = SafeTensors::read_metadata(bytes)
            .map_err(|error| no(format!("it is no whole safetensors file: {error}")))?;
        let described = metadata.metadata().as_ref().and_then(|all| all.get(KEY)).ok_or_else(|| {
            no("it holds tensors, but does not say what to do with them; `sluice export model SESSION --format \
                safetensors` writes files that do"
                .to_owned())
        })?;
        let Description { format, version, parts, offset, about, .. } =
            serde_json::from_str(described)
                .map_err(|error| no(format!("its description can't be read: {error}")))?;
        if format != FORMAT || version != VERSION {
            return Err(no(format!(
                "it is a '{format}' of version {version}, and this program reads '{FORMAT}' of version {VERSION}"
            )));
        }
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| no(format!("its tensors can't be read: {error}")))?;
        if parts.len() > MOST_PARTS {
            return Err(no(format!("it has {} parts; one or two are possible", parts.len())));
        }
        let parts =
            parts.into_iter().map(|part| part.with(&file)).collect::<Result<Vec<_>, _>>()?;
        let predictor = Self { parts, offset };
        predictor.check()?;
        Ok((predictor, about))
    }

    fn description(&self, about: &[(String, String)]) -> Description {
        let part = |part: &Part| PartDescription {
            name: part.name.clone(),
            input: part.input().name,
            factor: part.factor,
            way: match &part.way {
                Way::Network(graph) => {
                    WayDescription::Network { graph: Box::new(graph.graph().clone()) }
                }
                Way::Patches { side } => WayDescription::Patches { side: *side },
            },
        };
        Description {
            format: FORMAT.to_owned(),
            version: VERSION,
            inputs: self.inputs(),
            parts: self.parts.iter().map(part).collect(),
            offset: self.offset,
            about: about.iter().cloned().collect(),
        }
    }
}

impl PartDescription {
    fn with(self, file: &SafeTensors<'_>) -> Result<Part, PredictorError> {
        let Self { name, factor, way, .. } = self;
        let prefix = format!("{name}.");
        let mut tensors = BTreeMap::new();
        for (tensor, view) in file.iter() {
            let Some(tensor) = tensor.strip_prefix(&prefix) else { continue };
            if view.dtype() != Dtype::F32 {
                let why = format!("its tensor {prefix}{tensor} is {:?}, not F32", view.dtype());
                return Err(PredictorError::NoPredictor(why));
            }
            let (numbers, _) = view.data().as_chunks::<4>();
            let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            tensors.insert(tensor.to_owned(), Values { shape: view.shape().to_vec(), numbers });
        }
        let way = match way {
            WayDescription::Network { graph } => Way::Network(Box::new(CheckedGraph::new(*graph)?)),
            WayDescription::Patches { side } if PATCHED_SIDES.contains(&side) => {
                Way::Patches { side }
            }
            WayDescription::Patches { side } => {
                let why = format!("its pictures would be {side} pixels wide");
                return Err(PredictorError::NoPredictor(why));
            }
        };
        if let Way::Network(graph) = &way
            && graph.feature_dim() != 1
        {
            let why = format!("its part '{name}' says {} numbers, not one", graph.feature_dim());
            return Err(PredictorError::NoPredictor(why));
        }
        Ok(Part { name, way, tensors, factor })
    }
}
