//! Files of weights: those that a person named, those that are on this machine already, and those that are
//! fetched once, in the background.

mod fetch;
#[cfg(test)]
mod sender;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use sluice_events::message::Fetching;
use sluice_events::network::Weights;

use crate::bell::Bell;
use fetch::{Fetch, Request};

/// A published hash is told by so many hexadecimal digits at least.
const SHORTEST_HASH: usize = 8;
const HOW_TO_NAME: &str =
    "start with --network NAME --weights FILE, or name a file in the settings";

/// Where weights are.
#[derive(Clone, Debug, Default)]
pub struct WeightsPlaces {
    /// Files that a person named, by network.
    pub named: HashMap<String, PathBuf>,
    /// Where published files are put, and looked for first; none: nothing is fetched.
    pub folder: Option<PathBuf>,
    /// Folders in which another program may have put them.
    pub elsewhere: Vec<PathBuf>,
    /// Where published files are fetched from instead, by their names: `https://example.org/models`, or a server
    /// on this very machine, which may do without https. Empty: from where the network says.
    pub mirror: String,
    /// Whether nothing is fetched.
    pub offline: bool,
}

/// What there is of a network's weights.
pub(crate) enum Found {
    /// Here they are.
    File(PathBuf),
    /// They are on their way; the bell rings.
    Coming,
    /// Why there are none, and what to do.
    Missing(String),
}

/// Finds weights, and fetches them.
pub(crate) struct WeightsStore {
    places: WeightsPlaces,
    bell: Bell,
    /// The network that weights are fetched for.
    fetch: Option<(String, Fetch)>,
    /// Fetches that were given up and may still have their file.
    ending: HashMap<PathBuf, JoinHandle<()>>,
}

impl WeightsStore {
    pub fn new(places: WeightsPlaces, bell: Bell) -> Self {
        Self { places, bell, fetch: None, ending: HashMap::new() }
    }

    /// The weights of a network, which says where they are published. Those that have to be fetched begin to
    /// come; another fetch that is under way ends, and is gone on with when it is wanted again. What came of a
    /// fetch that has ended is told once, to who asks first; whoever chooses anew forgets it before.
    pub fn find(&mut self, network: &str, published: Option<&Weights>) -> Found {
        if let Some(file) = self.places.named.get(network) {
            return Found::File(file.clone());
        }
        let Some((published, name)) = published.and_then(|p| Some((p, file_name(&p.url)?))) else {
            return Found::Missing(format!("There are no weights for {network} ({HOW_TO_NAME})"));
        };
        let folders = self.places.folder.iter().chain(&self.places.elsewhere);
        if let Some(file) = folders.map(|folder| folder.join(name)).find(|file| file.is_file()) {
            return Found::File(file);
        }
        self.fetched(network, published, name).unwrap_or_else(|why| {
            Found::Missing(format!("There are no weights for {network}: {why} ({HOW_TO_NAME})"))
        })
    }

    /// What comes of fetching them, which is begun where it is not under way; or why there are none.
    fn fetched(&mut self, network: &str, published: &Weights, name: &str) -> Result<Found, String> {
        let request = self.request(published, name)?;
        let Some((_, fetch)) = self.fetch.as_ref().filter(|(of, _)| of == network) else {
            return self.start(network, request);
        };
        let found = match fetch.ended() {
            None => return Ok(Found::Coming),
            Some(Ok(())) => Ok(Found::File(fetch.file().to_owned())),
            Some(Err(error)) => Err(format!(
                "they could not be fetched from {}: {error}. {}; or put the file itself at {}",
                request.url,
                error.next_step(fetch.progress().0),
                request.file.display()
            )),
        };
        self.fetch = None;
        found
    }

    /// What is to be fetched, or why nothing is.
    fn request(&self, published: &Weights, name: &str) -> Result<Request, String> {
        let mirror = self.places.mirror.trim_end_matches('/');
        let is_mirror = !mirror.is_empty();
        let url = if is_mirror { format!("{mirror}/{name}") } else { published.url.clone() };
        if self.places.offline {
            return Err(format!("they are published at {url}, and nothing is fetched offline"));
        }
        let Some(folder) = &self.places.folder else {
            let none = "there is no cache folder to put them into";
            return Err(format!("they are published at {url}, and {none}"));
        };
        if published.sha256.len() < SHORTEST_HASH {
            let none = "the network does not say their SHA-256, so they are not fetched";
            return Err(none.to_owned());
        }
        let sha256 = published.sha256.to_lowercase();
        Ok(Request { url, is_mirror, file: folder.join(name), sha256 })
    }

    fn start(&mut self, network: &str, request: Request) -> Result<Found, String> {
        if let Some((_, given_up)) = self.fetch.take() {
            let file = given_up.file().to_owned();
            self.ending.extend(given_up.end().map(|thread| (file, thread)));
        }
        let predecessor = self.ending.remove(&request.file);
        let fetch = Fetch::start(request, predecessor, self.bell.clone())
            .map_err(|error| format!("no thread could be started to fetch them: {error}"))?;
        self.fetch = Some((network.to_owned(), fetch));
        Ok(Found::Coming)
    }

    /// How far a fetch is.
    pub fn fetching(&self) -> Option<Fetching> {
        let (network, fetch) = self.fetch.as_ref().filter(|(_, fetch)| !fetch.has_ended())?;
        let (bytes, of) = fetch.progress();
        Some(Fetching { network: network.clone(), bytes, of })
    }

    /// Whether the weights of this network are on their way.
    pub fn is_fetching(&self, network: &str) -> bool {
        self.fetch.as_ref().is_some_and(|(of, fetch)| of == network && !fetch.has_ended())
    }

    /// Forgets what came of a fetch that has ended: it is tried anew when it is wanted again.
    pub fn forget_ended(&mut self) {
        self.fetch = self.fetch.take().filter(|(_, fetch)| !fetch.has_ended());
    }
}

/// The last part of a URL, if it is a plain name of a file.
fn file_name(url: &str) -> Option<&str> {
    let name = url.rsplit('/').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_plain = !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
    (is_plain && Path::new(name).extension().is_some()).then_some(name)
}
