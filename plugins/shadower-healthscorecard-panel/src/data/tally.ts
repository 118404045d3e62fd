import { plural, t } from '../i18n';
import { listNames } from './frames';
import { type ScoreRange } from './model';

/** What was wrong with rows while they were read, to be told in one sentence each. */
export class Tally {
  duplicate = 0;
  outside = 0;
  nameless = 0;
  unplaced = 0;
  badTime = 0;
  strangeStatus = new Set<string>();

  /** @param bare scored entities without terms, where others have some */
  notices(range: ScoreRange, bare: number): string[] {
    const said = [
      this.duplicate > 0 &&
        plural(
          'notice.duplicate',
          this.duplicate,
          '{{count}} row repeats an entity; the first one is shown.',
          '{{count}} rows repeat an entity; the first ones are shown.'
        ),
      this.outside > 0 &&
        plural(
          'notice.outside',
          this.outside,
          '{{count}} score lies outside {{min}}–{{max}} and is shown as unknown.',
          '{{count}} scores lie outside {{min}}–{{max}} and are shown as unknown.',
          { ...range }
        ),
      this.nameless > 0 &&
        plural(
          'notice.nameless',
          this.nameless,
          '{{count}} row has no entity name.',
          '{{count}} rows have no entity name.'
        ),
      this.unplaced > 0 &&
        plural(
          'notice.unplaced',
          this.unplaced,
          '{{count}} row of terms, trend, risks or recommendations names no entity and was left out.',
          '{{count}} rows of terms, trend, risks or recommendations name no entity and were left out.'
        ),
      this.badTime > 0 &&
        plural(
          'notice.bad-time',
          this.badTime,
          '{{count}} point has no valid time and was left out.',
          '{{count}} points have no valid time and were left out.'
        ),
      bare > 0 && plural('notice.bare', bare, '{{count}} entity has no terms.', '{{count}} entities have no terms.'),
      this.strangeStatus.size > 0 &&
        t('notice.strange', 'Shown as unknown, because the panel does not know the status: {{words}}.', {
          words: listNames([...this.strangeStatus]),
        }),
    ];
    return said.filter((x) => typeof x === 'string');
  }
}
