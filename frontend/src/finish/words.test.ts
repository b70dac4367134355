import { describe, expect, it } from 'vitest'
import type { StepMade } from '../protocol'
import type { Step } from '../session/state'
import {
  becomes,
  byModel,
  cameOf,
  contentsOf,
  edgeOf,
  nameOf,
  promises,
  reallyLabel,
  reallyTakeBack,
  underWay,
} from './words'

/** As it would be typed. */
const typed = (text: string) => text.replaceAll('\u202f', '_')
const interval = (low: number, likely: number, high: number) => ({ low, likely, high })

const made = (more: Partial<StepMade> = {}): StepMade => ({
  bulk: 3,
  source: 'model',
  what: 'yes from 93.4 % on, no up to 2.1 %',
  time_us: 0,
  labels: 17_713,
  positives: 412,
  missing: 0,
  revoked: false,
  ...more,
})

const labelling: Step = {
  message: { type: 'finish', id: 'f', thresholds: { above: 0.934, below: 0.021 } },
  labels: 17_713,
  after: 2,
  came: null,
}
const takingBack: Step = { ...labelling, message: { type: 'revoke', id: 'r', bulk: 3 } }

describe('what would happen', () => {
  it('is counted, one and many', () => {
    const many = { positives: 412, negatives: 17_301, between: 287, unscored: 0 }
    expect(typed(becomes(many))).toBe(
      '412 images become yes, 17_301 no, 287 stay for you, 0 not scored yet.',
    )
    expect(becomes({ positives: 1, negatives: 0, between: 1, unscored: 3 })).toBe(
      '1 image becomes yes, 0 no, 1 stays for you, 3 not scored yet.',
    )
  })

  it('is promised as far as it can be', () => {
    const unlike =
      'Kinds of positives that nobody has met yet may be missed all the same: answer some images in the order random before you finish.'
    const expected = {
      precision: interval(0.93, 0.96, 0.98),
      recall: interval(0.97, 0.99, 1),
      missed: interval(5.2, 12.4, 20.6),
    }
    expect(promises(expected, 100)).toEqual([
      'Of the yes, about 96 % are right (93 to 98 %).',
      'About 99 % of all positives are found then (97 to 100 %).',
      'About 12 (5 to 21) positives become no by mistake.',
      unlike,
    ])
    const lost = (low: number, likely: number, high: number) =>
      promises({ ...expected, precision: null, missed: interval(low, likely, high) }, 100)
    expect(lost(0, 0.1, 0.3)).toEqual([
      'About 99 % of all positives are found then (97 to 100 %).',
      'Hardly any positive becomes no by mistake.',
      unlike,
    ])
    expect(lost(0, 0.8, 2.7).at(-2)).toBe('About 1 positive (0 to 3) becomes no by mistake.')
    expect(lost(0, 0.2, 2.7).at(-2)).toBe('About 0 (0 to 3) positives become no by mistake.')
    // Where nothing becomes no, nothing does so by mistake.
    expect(promises(expected, 0)).toHaveLength(2)
  })

  it('is asked once more', () => {
    expect(typed(reallyLabel(17_713))).toBe(
      'The model labels 17_713 images as one step. You can take it back as a whole.',
    )
    expect(typed(reallyTakeBack(made()))).toBe(
      'All 17_713 labels of it are taken back. Answers that people have given since stay.',
    )
    expect(reallyTakeBack(made({ labels: 1 }))).toMatch(/^Its label is taken back\./)
  })
})

describe('what happens', () => {
  it('is told while it is under way', () => {
    expect(typed(underWay(labelling, 5000))).toBe(
      'The model labels 17_713 images … 5000 have its label by now.',
    )
    expect(typed(underWay(takingBack, 0))).toBe('17_713 labels of step 3 are taken back …')
  })

  it('is told afterwards, as the steps have it', () => {
    const before = made({ bulk: 2, labels: 5, positives: 5 })
    const file = made({ bulk: 4, source: 'imported', what: 'labels.csv' })
    expect(typed(cameOf(labelling, [file, made(), before]))).toBe(
      'The model labelled 17_713 images as step 3, 412 as yes.',
    )
    expect(typed(cameOf(labelling, [made({ labels: 5000 }), before]))).toBe(
      'The model labelled 5000 images of the 17_713 as step 3, 412 as yes. The others have an answer by now, or stay for you.',
    )
    // The steps come a moment later.
    expect(cameOf(labelling, [before])).toBe('The model has labelled them.')
    expect(cameOf(takingBack, [made({ revoked: true })])).toBe(
      'Step 3 is taken back. Answers given since stay.',
    )
  })

  it('is counted by who labelled', () => {
    expect(byModel([])).toBe(0)
    expect(
      byModel([
        { answer: 'negative', source: 'model', images: 40 },
        { answer: 'positive', source: 'model', images: 2 },
        { answer: 'positive', source: 'manual', images: 100 },
      ]),
    ).toBe(42)
  })
})

describe('in the lists', () => {
  it('a step has the name of its file, or what the model was told', () => {
    expect(nameOf(made({ source: 'imported', what: 'labels.csv' }))).toBe('labels.csv')
    expect(nameOf(made())).toBe('The model: yes from 93.4 % on, no up to 2.1 %')
    expect(typed(contentsOf(made()))).toBe('17_713 labels, 412 yes')
    expect(contentsOf(made({ labels: 1, positives: 0 }))).toBe('1 label, 0 yes')
    expect(contentsOf(made({ labels: 2, positives: 1, missing: 7 }))).toBe(
      '2 labels, 1 yes; interrupted, 7 never came',
    )
  })

  it('a picture says what the model thinks of it, and what a click does', () => {
    expect(edgeOf(17, 0.512)).toBe('Image 17, yes with 51.2 %. Show it to answer')
    expect(edgeOf(17, null)).toBe('Image 17. Show it to answer')
  })
})
