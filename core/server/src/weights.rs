//! Files of weights: those that a person named, those that are on this machine already, and those that are
//! fetched once, in the background.

mod fetch;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sluice_events::message::Fetching;
use sluice_events::network::Weights;

use crate::bell::Bell;
use fetch::{Fetch, Request};

/// A published hash is told by so many hexadecimal digits at least.
const SHORTEST_HASH: usize = 8;

/// Where weights are.
#[derive(Clone, Debug, Default)]
pub struct WeightsPlaces {
    /// Files that a person named, by network.
    pub named: HashMap<String, PathBuf>,
    /// Where published files are put, and looked for first; none: nothing is fetched.
    pub folder: Option<PathBuf>,
    /// Folders in which another program may have put them.
    pub elsewhere: Vec<PathBuf>,
    /// Where published files are fetched from instead, by their names: `https://example.org/models`. Empty: from
    /// where the network says.
    pub mirror: String,
    /// Whether anything may be fetched.
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
}

impl WeightsStore {
    pub fn new(places: WeightsPlaces, bell: Bell) -> Self {
        Self { places, bell, fetch: None }
    }

    /// The weights of a network, which says where they are published. Those that have to be fetched begin to
    /// come; another fetch that is under way ends, and is gone on with when it is wanted again.
    pub fn find(&mut self, network: &str, published: Option<&Weights>) -> Found {
        if let Some(file) = self.places.named.get(network) {
            return Found::File(file.clone());
        }
        let flag = "start with --network NAME --weights FILE, or name a file in the settings";
        let Some((published, name)) = published.and_then(|p| Some((p, file_name(&p.url)?))) else {
            return Found::Missing(format!("There are no weights for {network} ({flag})"));
        };
        let folders = self.places.folder.iter().chain(&self.places.elsewhere);
        if let Some(file) = folders.map(|folder| folder.join(name)).find(|file| file.is_file()) {
            return Found::File(file);
        }
        let url = self.url(&published.url, name);
        let missing = |why: &str| {
            Found::Missing(format!("There are no weights for {network}: {why} ({flag})"))
        };
        let Some(folder) = self.places.folder.clone().filter(|_| !self.places.offline) else {
            return missing(&format!(
                "they are published at {url}, and nothing is fetched offline"
            ));
        };
        if published.sha256.len() < SHORTEST_HASH {
            return missing("the network does not say their SHA-256, so they are not fetched");
        }
        if let Some((of, fetch)) = &self.fetch
            && of == network
        {
            return match fetch.ended() {
                None => Found::Coming,
                Some(outcome) => {
                    self.fetch = None;
                    match outcome {
                        Ok(file) => Found::File(file),
                        Err(why) => missing(&format!(
                            "they could not be fetched from {url}: {why}. What came is kept, and gone on with when the \
                             network is chosen again; or put the file into {}",
                            folder.display()
                        )),
                    }
                }
            };
        }
        let request =
            Request { url, file: folder.join(name), sha256: published.sha256.to_lowercase() };
        match Fetch::start(request, self.bell.clone()) {
            Ok(fetch) => {
                self.fetch = Some((network.to_owned(), fetch));
                Found::Coming
            }
            Err(error) => missing(&format!("no thread could be started to fetch them: {error}")),
        }
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

    fn url(&self, published: &str, name: &str) -> String {
        match self.places.mirror.trim_end_matches('/') {
            "" => published.to_owned(),
            mirror => format!("{mirror}/{name}"),
        }
    }
}

/// The last part of a URL, if it is a plain name of a file.
fn file_name(url: &str) -> Option<&str> {
    let name = url.rsplit('/').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_plain = !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
    (is_plain && Path::new(name).extension().is_some()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_become_files() {
        assert_eq!(file_name("https://example.org/a/net-1.pth"), Some("net-1.pth"));
        for url in [
            "https://example.org/",
            "https://x/..",
            "https://x/.hidden.pth",
            "https://x/a%2fb.pth",
            "https://x/a?b.pth",
            "x/a\\b.pth",
            "https://x/noend",
        ] {
            assert_eq!(file_name(url), None, "{url}");
        }
    }
}
