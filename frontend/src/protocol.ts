// Generated from core/events by its test `typescript`; do not edit.

/** Version of this vocabulary. */
export const PROTOCOL = 6

/**
 * From a page to the server.
 */
export type ToServer = { "type": "hello", 
/**
 * The page's [`PROTOCOL`].
 */
protocol: number, 
/**
 * Whose answers follow.
 */
annotator: string, } | { "type": "answer", 
/**
 * Made by the page; sending it twice does no harm.
 */
id: CommandId, 
/**
 * Which image.
 */
image: ImageId, 
/**
 * Yes, no or can't say.
 */
answer: Answer, 
/**
 * A key press, or automatic mode's time running out.
 */
source: Source, 
/**
 * Time on screen.
 */
shown_ms: number, 
/**
 * The ranking that brought the image.
 */
ranking: RankingId | null, } | { "type": "undo", 
/**
 * Made by the page.
 */
id: CommandId, } | { "type": "redo", 
/**
 * Made by the page.
 */
id: CommandId, } | { "type": "choose_selector", 
/**
 * Made by the page.
 */
id: CommandId, 
/**
 * By its name.
 */
name: string, } | { "type": "choose_network", 
/**
 * Made by the page.
 */
id: CommandId, 
/**
 * By its name.
 */
name: string, } | { "type": "set_parameters", 
/**
 * Made by the page.
 */
id: CommandId, 
/**
 * Which world the plugin is of.
 */
kind: PluginKind, 
/**
 * The plugin's name.
 */
plugin: string, 
/**
 * What changes of those that are set by hand; none: again as the settings or the plugin say.
 */
changes: { [key in string]: Value | null }, } | { "type": "want", 
/**
 * Images.
 */
count: number, } | { "type": "want_history", 
/**
 * Images; 0: no more of it.
 */
count: number, 
/**
 * Which of them.
 */
filter: HistoryFilter, } | { "type": "want_charts", 
/**
 * It would.
 */
wanted: boolean, } | { "type": "want_finish", 
/**
 * With these thresholds; none: with those that are suggested.
 */
thresholds: Thresholds | null, } | { "type": "finish", 
/**
 * Made by the page; sending it twice does no harm.
 */
id: CommandId, 
/**
 * What becomes what.
 */
thresholds: Thresholds, } | { "type": "revoke", 
/**
 * Made by the page.
 */
id: CommandId, 
/**
 * Which.
 */
bulk: BulkId, } | { "type": "unreadable", 
/**
 * Which.
 */
image: ImageId, } | { "type": "replay", 
/**
 * What is to be done.
 */
wish: ReplayWish, };

/**
 * From the server to a page.
 */
export type ToPage = { "type": "welcome" } & Welcome | { "type": "ack" } & Ack | { "type": "refused" } & Refused | { "type": "queue" } & Queue | { "type": "statistics" } & Statistics | { "type": "charts" } & Charts | { "type": "training" } & Training | { "type": "plugins" } & Plugins | { "type": "history" } & History | { "type": "finish" } & Finish | { "type": "set_aside" } & SetAside | { "type": "notice" } & Notice | { "type": "replay" } & Replay;

/**
 * What a page needs to begin.
 */
export type Welcome = { 
/**
 * The server's [`PROTOCOL`].
 */
protocol: number, 
/**
 * The session's log id. That of a replay is another one: what a page keeps for the session is not sent to it.
 */
session: string, 
/**
 * The question that is answered with yes or no.
 */
question: string, 
/**
 * The pool's folder.
 */
pool: string, 
/**
 * Whether there is a model in this session.
 */
model: boolean, 
/**
 * The program's version.
 */
program: string, 
/**
 * What is played again; none: answers are taken.
 */
replay: ReplaySpan | null, };

/**
 * A command is durable.
 */
export type Ack = { 
/**
 * The page's id.
 */
id: CommandId, 
/**
 * Sequence number of the event in the log.
 */
seq: number, 
/**
 * After an undo: the image that is to be answered again. After a redo: the image that has its
 * answer again.
 */
look: Look | null, };

/**
 * A look that an undo or a redo was about.
 */
export type Look = { 
/**
 * Which image.
 */
image: ImageId, 
/**
 * What had been answered.
 */
answer: Answer, 
/**
 * Whether it counts now: no after an undo, yes after a redo.
 */
counts: boolean, 
/**
 * The answer that the image has now: after the undo of a correction, the one before it.
 */
now: Answer | null, };

/**
 * A command did not happen.
 */
export type Refused = { 
/**
 * The page's id, if the message could be read that far.
 */
id: CommandId | null, 
/**
 * One sentence for a person.
 */
why: string, 
/**
 * Whether sending the same again may work.
 */
retry: boolean, };

/**
 * The head of the ranking.
 */
export type Queue = { 
/**
 * The ranking; none as long as there was none.
 */
ranking: RankingId | null, 
/**
 * Best first. Empty: every image is answered.
 */
items: Array<QueueItem>, 
/**
 * Answers that the ranking does not know yet.
 */
behind: number, };

/**
 * One image to show.
 */
export type QueueItem = { 
/**
 * Which.
 */
image: ImageId, 
/**
 * P(positive), 0 to 1; none where the model has not scored the image.
 */
probability: number | null, };

/**
 * How it goes.
 */
export type Statistics = { 
/**
 * Every event before this sequence number is counted.
 */
next_seq: number, 
/**
 * Images of the pool, those set aside included.
 */
images: number, 
/**
 * Labelled yes.
 */
positives: number, 
/**
 * Labelled no.
 */
negatives: number, 
/**
 * Can't say.
 */
skipped: number, 
/**
 * Can't be shown.
 */
set_aside: number, 
/**
 * Still to be answered.
 */
unlabelled: number, 
/**
 * Images by their answer and its source, as far as there are any.
 */
answered: Array<Answered>, 
/**
 * Looks that count: an image that was answered again counts once more.
 */
looks: number, 
/**
 * Over the last 50 answers of people and of automatic mode, as they were first given.
 */
agreement: Agreement, 
/**
 * The same over all of them.
 */
agreement_of_all: Agreement, 
/**
 * Looks of people and of automatic mode in the last minute.
 */
per_minute: number, 
/**
 * The same over the whole session, by the minute spent answering; none before the first.
 */
per_active_minute: number | null, 
/**
 * Time spent answering in the whole session: how long each picture was on the screen, at most
 * a minute. Pauses don't count.
 */
active_seconds: number, 
/**
 * How long people had the picture on the screen before they answered, over their last 200 answers; none
 * before the first.
 */
answer_seconds: AnswerSeconds | null, 
/**
 * Looks that the newest ranking does not know yet.
 */
ranking_age: number, 
/**
 * What is left to find; none as long as there is no model that has scored nearly every image, and whose
 * probabilities are calibrated.
 */
forecast: Forecast | null, 
/**
 * How many looks can be undone.
 */
undo_depth: number, 
/**
 * How many undone looks can be redone.
 */
redo_depth: number, };

/**
 * Images whose answer is this one, from this source.
 */
export type Answered = { 
/**
 * What was said.
 */
answer: Answer, 
/**
 * Who said it.
 */
source: Source, 
/**
 * How many; an image counts once, with the answer that it has.
 */
images: number, };

/**
 * How often the model was right, by what it had said before the answer.
 */
export type Agreement = { 
/**
 * Answers that its probability, at one half, had foretold.
 */
agreed: number, 
/**
 * Answers that had a probability.
 */
of: number, };

/**
 * Times on the screen, in seconds.
 */
export type AnswerSeconds = { 
/**
 * Half of the answers took less.
 */
median: number, 
/**
 * Nine answers of ten took less.
 */
p90: number, };

/**
 * What is left, as far as the model can tell. It knows nothing of positives that are like none that was found:
 * only an audit is proof.
 */
export type Forecast = { 
/**
 * Positives among the images that nobody has answered.
 */
positives_left: Interval, 
/**
 * For 80 % and for 95 %.
 */
goals: Array<Goal>, };

/**
 * What it takes to have found a share of the positives.
 */
export type Goal = { 
/**
 * Of all positives of the pool, 0 to 1.
 */
share: number, 
/**
 * Looks from now on, the likeliest images first; 0 where it is reached.
 */
looks: Interval, 
/**
 * Time from now on at the pace of the last answers, in seconds; none as long as there is no pace.
 */
seconds: Interval | null, };

/**
 * What is likely, and what it lies between with a probability of nine in ten, as far as the model can tell.
 */
export type Interval = { 
/**
 * In one case of twenty it is less.
 */
low: number, 
/**
 * Expected.
 */
likely: number, 
/**
 * In one case of twenty it is more.
 */
high: number, };

/**
 * How it went, from the first look to the last: a few hundred looks at even distances, the last one among them.
 * The first five lists are as long as each other.
 */
export type Charts = { 
/**
 * Looks so far.
 */
looks: Array<number>, 
/**
 * Images labelled yes by then.
 */
positives: Array<number>, 
/**
 * How often the model was right in the 50 looks up to then, 0 to 1; none where it had said nothing.
 */
agreement: Array<number | null>, 
/**
 * Mean time on the screen over the 50 looks up to then; none where no time was told.
 */
seconds_per_look: Array<number | null>, 
/**
 * Mean over the 50 looks up to then: how many looks the ranking that a person saw did not know yet; none where
 * there was no ranking.
 */
ranking_age: Array<number | null>, 
/**
 * The models, thinned out to a few hundred.
 */
models: Array<ModelPoint>, 
/**
 * The cycles of training in the background, thinned out to a few hundred.
 */
cycles: Array<CyclePoint>, 
/**
 * Ten bins of the same width: whether what the model says is as likely as it says.
 */
calibration: Array<CalibrationBin>, 
/**
 * How long people had pictures on the screen before they answered.
 */
times: Array<TimeBin>, };

/**
 * A model's loss.
 */
export type ModelPoint = { 
/**
 * Looks by then.
 */
looks: number, 
/**
 * Mean class-balanced log loss over its labels, in nats.
 */
loss: number, };

/**
 * A cycle of training in the background.
 */
export type CyclePoint = { 
/**
 * Looks by its end.
 */
looks: number, 
/**
 * At its end, in nats.
 */
loss: number, 
/**
 * Its highest.
 */
learning_rate: number, 
/**
 * Steps of the optimiser.
 */
steps: number, 
/**
 * How long it took.
 */
seconds: number, };

/**
 * Answers to images that the model had held about equally likely, of people and of automatic mode.
 */
export type CalibrationBin = { 
/**
 * How many: yes or no.
 */
answers: number, 
/**
 * Yes.
 */
positives: number, 
/**
 * The mean of what the model had said, 0 to 1; none without an answer.
 */
said: number | null, };

/**
 * Answers that took about equally long.
 */
export type TimeBin = { 
/**
 * Not longer than this, seconds, and longer than the bin before; none: any longer.
 */
up_to: number | null, 
/**
 * How many.
 */
answers: number, };

/**
 * What the learner is doing.
 */
export type Training = { 
/**
 * The newest model.
 */
model: ModelId | null, 
/**
 * Its loss, in nats.
 */
loss: number | null, 
/**
 * Where the features come from.
 */
features: string, 
/**
 * Where tensors live, for example `cpu`.
 */
device: string, 
/**
 * Images with features.
 */
embedded: number, 
/**
 * Images that will have features.
 */
to_embed: number, 
/**
 * A chosen network's weights are being fetched; the features in use are used meanwhile.
 */
fetching: Fetching | null, 
/**
 * What trains in the background: `small`, or a network's name; none: nothing.
 */
background: string | null, 
/**
 * It trains right now.
 */
in_background: boolean, 
/**
 * How often it has spoken.
 */
opinions: number, 
/**
 * Pictures a second that one thread reads, decodes and resizes, over all so far.
 */
decoded_per_second: number | null, 
/**
 * Images a second in the last scoring of the pool.
 */
scored_per_second: number | null, 
/**
 * From the last answer that a ranking was waiting for to that ranking.
 */
answer_to_ranking_ms: number | null, };

/**
 * Weights on their way.
 */
export type Fetching = { 
/**
 * The network that they are for.
 */
network: string, 
/**
 * What is there, bytes.
 */
bytes: number, 
/**
 * The whole, bytes; none as long as the sender did not say.
 */
of: number | null, };

/**
 * What can be chosen, and what is.
 */
export type Plugins = { 
/**
 * To order the pool.
 */
selectors: Array<PluginInfo>, 
/**
 * Name of the one in use.
 */
selector: string, 
/**
 * To give features.
 */
networks: Array<PluginInfo>, 
/**
 * Name of the one in use.
 */
network: string, 
/**
 * What the selector's parameters are.
 */
selector_values: { [key in string]: Value }, 
/**
 * Those of them that were set by hand.
 */
selector_by_hand: { [key in string]: Value }, 
/**
 * What the network's parameters are.
 */
network_values: { [key in string]: Value }, 
/**
 * Those of them that were set by hand.
 */
network_by_hand: { [key in string]: Value }, };

/**
 * Which world a plugin is of.
 */
export type PluginKind = "selector" | "network";

/**
 * What a plugin says about itself.
 */
export type PluginInfo = { 
/**
 * The name that a person chooses it by.
 */
name: string, 
/**
 * Its own version.
 */
version: string, 
/**
 * One line.
 */
summary: string, 
/**
 * A selector that orders by what a model says. Until there is a model, the pool is ordered by
 * chance instead of by such a selector.
 */
needs_model: boolean, 
/**
 * What can be set.
 */
parameters: Array<Parameter>, };

/**
 * Something that a person can set on a plugin.
 */
export type Parameter = { 
/**
 * What it is called.
 */
name: string, 
/**
 * Used when nobody sets it; also says the type.
 */
default: Value, 
/**
 * Smallest and largest, for numbers.
 */
range: [number, number] | null, 
/**
 * What a text can be, if not anything.
 */
choices: Array<string>, 
/**
 * One sentence.
 */
help: string, };

/**
 * A value of a parameter.
 */
export type Value = { "boolean": boolean } | { "integer": number } | { "number": number } | { "text": string };

/**
 * What was answered. An image is there once, with the answer that it has; what was taken back is not.
 */
export type History = { 
/**
 * Which answers these are.
 */
filter: HistoryFilter, 
/**
 * The newest first (of the model's: the least sure), as many as the page wants.
 */
looks: Array<HistoryLook>, 
/**
 * How many there are in all.
 */
total: number, };

/**
 * The answer that an image has.
 */
export type HistoryLook = { 
/**
 * Sequence number of its event in the log.
 */
seq: number, 
/**
 * Which image.
 */
image: ImageId, 
/**
 * What was said.
 */
answer: Answer, 
/**
 * Who said it.
 */
source: Source, 
/**
 * P(positive), 0 to 1, as it was shown before the image's first answer that had one; none where nothing
 * was shown.
 */
probability: number | null, 
/**
 * It took the place of another answer.
 */
corrected: boolean, 
/**
 * The image can't be shown any more.
 */
set_aside: boolean, };

/**
 * Which answers a page would like to see.
 */
export type HistoryFilter = "all" | "positive" | "negative" | "skip" | "disagreement" | "model";

/**
 * What would happen with these thresholds.
 */
export type Finish = { 
/**
 * The thresholds that this is about: the page's, or what is suggested where it named none.
 */
thresholds: Thresholds, 
/**
 * Images that would become positive.
 */
positives: number, 
/**
 * Images that would become negative.
 */
negatives: number, 
/**
 * Images in between.
 */
between: number, 
/**
 * Unanswered images that the model has not scored; they stay.
 */
unscored: number, 
/**
 * What to expect of it; none where too few answers say how right the model is.
 */
expected: Expected | null, 
/**
 * From the surest threshold to the least sure one; empty where nothing is expected.
 */
curve: Array<CurvePoint>, 
/**
 * The least sure of those that would become positive, the least sure first.
 */
least_positive: Array<QueueItem>, 
/**
 * The least sure of those that would become negative, the least sure first.
 */
least_negative: Array<QueueItem>, 
/**
 * All steps of many labels, the newest first.
 */
steps: Array<StepMade>, };

/**
 * Thresholds: an image that is at least this likely becomes positive, one that is at most this likely negative; what
 * lies between stays for people.
 */
export type Thresholds = { 
/**
 * P(positive), 0 to 1; none: nothing becomes positive.
 */
above: number | null, 
/**
 * P(positive), 0 to 1; none: nothing becomes negative.
 */
below: number | null, };

/**
 * What the model's labels would be worth, as far as answers that it did not know yet tell.
 */
export type Expected = { 
/**
 * Of those that would become positive, the share that is, 0 to 1; none where there would be none.
 */
precision: Interval | null, 
/**
 * Of all positives of the pool, the share that would be found, 0 to 1: by people and by the model.
 */
recall: Interval, 
/**
 * Positives among those that would become negative.
 */
missed: Interval, };

/**
 * If the images that are at least this likely became positive.
 */
export type CurvePoint = { 
/**
 * P(positive), 0 to 1.
 */
threshold: number, 
/**
 * How many would.
 */
images: number, 
/**
 * The share of them that is positive.
 */
precision: Interval, 
/**
 * The share of all positives of the pool that would be found with them.
 */
recall: Interval, };

/**
 * A step of many labels.
 */
export type StepMade = { 
/**
 * Its number.
 */
bulk: BulkId, 
/**
 * Who gave the labels: a file, or the model.
 */
source: Source, 
/**
 * For a person: the file's name, or the thresholds.
 */
what: string, 
/**
 * When it began, µs since 1970.
 */
time_us: number, 
/**
 * Labels that it gave.
 */
labels: number, 
/**
 * Labels that never came, because it was interrupted.
 */
missing: number, 
/**
 * Positive ones among them.
 */
positives: number, 
/**
 * Whether it was taken back.
 */
revoked: boolean, };

/**
 * Where a replay stands.
 */
export type Replay = { 
/**
 * The moment.
 */
moment: ReplayMoment, 
/**
 * The newest look.
 */
given: ReplayedLook | null, 
/**
 * The look to come: its image is on the screen. None where there is none, or where a look is taken back or counts
 * again before it.
 */
next: ReplayedLook | null, 
/**
 * How long nothing happened from here on, seconds; none unless it is played shorter.
 */
pause: number | null, 
/**
 * Whether it goes on by itself.
 */
playing: boolean, 
/**
 * So many times as fast as it happened.
 */
speed: number, };

/**
 * A moment of a session.
 */
export type ReplayMoment = { 
/**
 * Sequence number of the newest event that has happened.
 */
seq: number, 
/**
 * When it happened, µs since 1970.
 */
time_us: number, 
/**
 * Looks by then, those that were taken back among them.
 */
looks: number, };

/**
 * A look, as the log tells it.
 */
export type ReplayedLook = { 
/**
 * Sequence number of its event.
 */
seq: number, 
/**
 * Which image.
 */
image: ImageId, 
/**
 * What was said.
 */
answer: Answer, 
/**
 * P(positive), 0 to 1, as it was shown; none where nothing was shown.
 */
probability: number | null, };

/**
 * What is played again.
 */
export type ReplaySpan = { 
/**
 * A few hundred moments at even distances, the first and the last one among them.
 */
moments: Array<ReplayMoment>, 
/**
 * Where steps of many labels began: sequence numbers.
 */
steps: Array<number>, };

/**
 * How a replay is to be played, or where it is to go.
 */
export type ReplayWish = { "play": boolean } | { "seek": number } | { "step": number } | { "speed": number };

/**
 * Images that can't be shown.
 */
export type SetAside = { 
/**
 * How many.
 */
total: number, 
/**
 * The first of them.
 */
files: Array<AsideFile>, };

/**
 * A file that can't be shown.
 */
export type AsideFile = { 
/**
 * Relative to the pool's folder.
 */
path: string, 
/**
 * One sentence.
 */
reason: string, };

/**
 * Something that a person should know.
 */
export type Notice = { 
/**
 * How loud.
 */
level: Level, 
/**
 * One or two sentences.
 */
text: string, };

/**
 * How loud a notice is.
 */
export type Level = "info" | "warning" | "error";

/**
 * What a person says about an image.
 */
export type Answer = "positive" | "negative" | "skip";

/**
 * The answer that an image has.
 */
export type Label = "positive" | "negative";

/**
 * Who gave a label.
 */
export type Source = "manual" | "timeout" | "imported" | "model" | "audit";

/**
 * An image of the pool: the n-th one ever found, counted from 0.
 */
export type ImageId = number;

/**
 * The n-th step of many labels in this session, counted from 1.
 */
export type BulkId = number;

/**
 * The n-th model trained in this session, counted from 1.
 */
export type ModelId = number;

/**
 * The n-th ranking made in this session, counted from 1.
 */
export type RankingId = number;

/**
 * Chosen by the sender of a command. A command whose id the session knows causes no second event.
 */
export type CommandId = string;
