//! A real server on a free port, with a temporary pool and session, and a page that speaks to it.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use sluice_events::ImageId;
use sluice_events::command::FittedModel;
use sluice_events::message::PROTOCOL;
use sluice_host::Limits;
use sluice_learn::{
    Absorbed, Backbone, Background, Checkpoint, DeviceChoice, Features, LearnError, Learned,
    Learner, NoFeatures, NoPicture, Pictures, Recipe,
};
use sluice_log::storage::FsStorage;
use sluice_pool::DecodeLimits;
use sluice_server::http::{self, App};
use sluice_server::weights::WeightsPlaces;
use sluice_server::{Access, OpenError, Service, SessionOptions};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

/// Longer than anything here takes, on the slowest day.
pub const DEADLINE: Duration = Duration::from_mins(5);

/// A folder of pictures and a folder for the session; both vanish.
pub struct Place {
    pub pool: TempDir,
    pub session: TempDir,
}

impl Place {
    /// So many pictures, `0000.png` on: bright where the number ends with 7, dark otherwise.
    pub fn with_images(count: u32) -> Self {
        let place =
            Self { pool: tempfile::tempdir().unwrap(), session: tempfile::tempdir().unwrap() };
        for number in 0..count {
            let light = if number % 10 == 7 { 220 } else { 40 };
            let picture = RgbImage::from_fn(32, 32, |x, y| {
                Rgb([light + ((x * 7 + y * 3 + number) % 30) as u8, light, light / 2])
            });
            picture.save(place.pool.path().join(format!("{number:04}.png"))).unwrap();
        }
        place
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.pool.path().join(name), bytes).unwrap();
    }

    pub fn options(&self) -> SessionOptions {
        SessionOptions {
            pool: self.pool.path().to_owned(),
            question: "Is it bright?".to_owned(),
            example: None,
            seed: 1,
            model: true,
            selector: "max-prob".to_owned(),
            network: None,
            weights: WeightsPlaces::default(),
            parameters: HashMap::new(),
            device: DeviceChoice::Cpu,
            cache: None,
            cache_name: String::new(),
            background: Background::Off,
            recipe: Recipe::default(),
            only_score: false,
            folder: None,
            tensorboard: None,
            rescan: None,
            decode: DecodeLimits::default(),
            plugins: Limits::default(),
            plugin_folder: None,
            compiled: None,
        }
    }

    /// The service, with a learner that costs nothing.
    pub fn service(&self, options: SessionOptions) -> Result<Service, OpenError> {
        self.service_with(options, ByNumber::default())
    }

    pub fn service_with(
        &self,
        options: SessionOptions,
        learner: impl Learner + 'static,
    ) -> Result<Service, OpenError> {
        let storage = FsStorage::new(self.session.path()).unwrap();
        let finding = sluice_pool::find(&options.pool).unwrap();
        Service::with_learner(options, &finding, storage, |_| Box::new(learner))
    }

    pub async fn serve(&self) -> TestApp {
        TestApp::start(self.service(self.options()).unwrap(), Access::default()).await
    }
}

/// Where the components of the hostile guests are.
pub fn guests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/guests")
}

/// Says at once that an image is the more positive the nearer its number is to a multiple of ten
/// plus seven; reports files that can't be decoded, as the real one does.
#[derive(Default)]
pub struct ByNumber {
    begins: Option<Receiver<()>>,
    seen: Arc<AtomicUsize>,
    images: u32,
    failed: Vec<(ImageId, NoPicture)>,
    pictures: Option<Arc<dyn Pictures>>,
}

impl ByNumber {
    /// One that begins to look at pictures when it is told, and counts those that it has seen.
    pub fn waiting(begins: Receiver<()>, seen: &Arc<AtomicUsize>) -> Self {
        Self { begins: Some(begins), seen: Arc::clone(seen), ..Self::default() }
    }
}

impl Learner for ByNumber {
    fn begin(
        &mut self,
        images: u32,
        _: Backbone,
        pictures: Arc<dyn Pictures>,
    ) -> Result<(), LearnError> {
        self.pictures = Some(pictures);
        if let Some(begins) = self.begins.take() {
            begins.recv_timeout(DEADLINE).expect("it is told to begin");
        }
        let all: Vec<ImageId> = (0..images).map(ImageId).collect();
        self.look_again(images, &all);
        Ok(())
    }

    fn look_again(&mut self, images: u32, which: &[ImageId]) {
        self.images = images;
        let Some(pictures) = &self.pictures else { return };
        let before = self.failed.len();
        let failed = which
            .iter()
            .filter_map(|image| Some((*image, pictures.square(*image, 8, &|_| false).err()?)));
        self.failed.extend(failed);
        let seen = which.len() - (self.failed.len() - before);
        self.seen.fetch_add(seen, Ordering::Relaxed);
        pictures.ready();
    }

    fn resume(&mut self, _: Checkpoint) {}

    fn absorb(&mut self) -> Absorbed {
        let failed = std::mem::take(&mut self.failed);
        Absorbed { failed, embedded: self.images, to_embed: self.images, ..Absorbed::default() }
    }

    fn learn(&mut self, labels: &[(ImageId, bool)], candidates: &[ImageId]) -> Option<Learned> {
        let positives = labels.iter().filter(|(_, positive)| *positive).count() as u32;
        let negatives = labels.len() as u32 - positives;
        let model =
            FittedModel { positives, negatives, loss: 0.25, features: "numbers".to_owned() };
        let probability = |image: &ImageId| 1.0 - 0.1 * (image.0 % 10).abs_diff(7) as f32;
        let probabilities = candidates.iter().map(probability).collect();
        let learned = Learned { model, probabilities, calibrated: true, training: false };
        (positives > 0 && negatives > 0).then_some(learned)
    }

    fn features(&self) -> Arc<dyn Features> {
        Arc::new(NoFeatures)
    }
}

pub struct TestApp {
    pub address: SocketAddr,
    app: Arc<App>,
    serving: JoinHandle<()>,
}

impl TestApp {
    pub async fn start(service: Service, access: Access) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Arc::new(App { service });
        let router = http::router(Arc::clone(&app), access);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, app, serving }
    }

    pub async fn page(&self) -> Page {
        let mut page = self.stranger().await;
        page.send(json!({"type": "hello", "protocol": PROTOCOL, "annotator": "tester"})).await;
        page.next("welcome").await;
        page
    }

    /// A page that has not said hello.
    pub async fn stranger(&self) -> Page {
        let (socket, _) = connect_async(format!("ws://{}/ws", self.address)).await.unwrap();
        Page { socket, kept: Vec::new() }
    }

    /// Status, headers and body of a request with these header lines.
    pub async fn get(&self, path: &str, headers: &[&str]) -> (u16, String, Vec<u8>) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let host = format!("Host: {}", self.address);
        let has_host = headers.iter().any(|line| line.to_lowercase().starts_with("host:"));
        let mut lines: Vec<&str> = headers.to_vec();
        if !has_host {
            lines.push(&host);
        }
        let request =
            format!("GET {path} HTTP/1.1\r\n{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head[9..12].parse().unwrap();
        let (head, body) = (head.to_lowercase(), &answer[end + 4..]);
        let in_chunks = head.contains("transfer-encoding: chunked");
        (status, head, if in_chunks { joined(body) } else { body.to_vec() })
    }

    /// Ends the server and the session, as a proper stop does.
    pub async fn stop(self) {
        self.serving.abort();
        let _ = self.serving.await;
        let mut app = self.app;
        // Connections let go of the session when they notice that they are cut.
        let deadline = tokio::time::Instant::now() + DEADLINE;
        let service = loop {
            match Arc::try_unwrap(app) {
                Ok(app) => break app.service,
                Err(shared) => app = shared,
            }
            assert!(tokio::time::Instant::now() < deadline, "a connection holds on");
            tokio::task::yield_now().await;
        };
        tokio::task::spawn_blocking(|| service.close()).await.unwrap();
    }
}

/// A body without the lengths of its chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = chunks.windows(2).position(|w| w == b"\r\n") {
        let length = std::str::from_utf8(&chunks[..end]).unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        let begin = end + 2;
        body.extend(&chunks[begin..begin + length]);
        chunks = &chunks[begin + length + 2..];
    }
    body
}

/// A page without a picture.
pub struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What came while something else was waited for.
    kept: Vec<Value>,
}

impl Page {
    pub async fn send(&mut self, message: Value) {
        self.send_raw(Message::text(message.to_string())).await;
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// The next message of a kind; others are kept for later.
    pub async fn next(&mut self, kind: &str) -> Value {
        self.until(kind, |_| true).await
    }

    /// The next message of a kind that is as wanted; earlier ones of the kind are dropped.
    pub async fn until(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(|kept| kept["type"] == kind && wanted(kept)) {
            return self.kept.remove(at);
        }
        let waiting = async {
            loop {
                let message = self.socket.next().await.expect("the connection lives").unwrap();
                let Message::Text(text) = message else { continue };
                let value: Value = serde_json::from_str(&text).unwrap();
                if value["type"] != kind {
                    self.kept.push(value);
                } else if wanted(&value) {
                    return value;
                }
            }
        };
        tokio::time::timeout(DEADLINE, waiting)
            .await
            .unwrap_or_else(|_| panic!("no {kind} as wanted came in time; kept: {:?}", self.kept))
    }

    /// Messages of a kind that came while something else was waited for, and were not asked for since.
    pub fn kept(&self, kind: &str) -> Vec<Value> {
        self.kept.iter().filter(|kept| kept["type"] == kind).cloned().collect()
    }

    /// Answers an image and waits until that is durable.
    pub async fn answer(&mut self, image: u64, answer: &str) -> Value {
        let id = Uuid::new_v4();
        self.send(answer_message(id, image, answer)).await;
        self.until("ack", |ack| ack["id"] == id.to_string()).await
    }

    pub async fn command(&mut self, kind: &str) -> Uuid {
        let id = Uuid::new_v4();
        self.send(json!({"type": kind, "id": id})).await;
        id
    }

    pub async fn close(mut self) {
        let _ = self.socket.close(None).await;
    }
}

pub fn answer_message(id: Uuid, image: u64, answer: &str) -> Value {
    json!({
        "type": "answer", "id": id, "image": image, "answer": answer, "source": "manual",
        "shown_ms": 500, "ranking": null,
    })
}

pub fn images(queue: &Value) -> Vec<u64> {
    queue["items"].as_array().unwrap().iter().map(|item| item["image"].as_u64().unwrap()).collect()
}
