/**
 * A customer's page at the desk. It begins with what is wrong now; then what to say, what to offer, what not to mention, what
 * can be done, and the story.
 */
import type { HiddenGift, MemoryStatement, Standing, TaskView } from '../../engine-api.ts'
import { fromMinorUnits, usualOutcomes } from '../../engine-api.ts'
import { escaped as e } from '../html.ts'
import { correctionFields } from './correction.ts'
import { doneTexts } from './desk-acts.ts'
import { block, deskButton, deskDocument, deskForm, fold, list } from './desk-frame.ts'
import { marks } from './desk-queue.ts'
import { storyBlocks } from './desk-story.ts'
import { correctable, type DeskView } from './desk-view.ts'

export function renderCustomer(view: DeskView): string {
  const { customer, who, staff } = view
  const names = customer.identifiers.filter(({ kind }) => kind !== 'anonymous')
  const known = names.map(({ kind, value }) => `${kind} ${value}`).join(', ')
  const inner = [
    outcome(view),
    `<p class="soft">${e(known || 'not logged in yet')}</p>`,
    block('wrong', 'What is wrong now', wrong(view)),
    block('say', 'What to say', say(view)),
    block('offer', 'What to offer', offer(view)),
    block('avoid', 'What not to mention', avoid(view)),
    block('act', 'What to do', acts(view)),
    ...storyBlocks(view),
  ]
  return deskDocument(staff, customer.name ?? who.value, inner.join('\n'))
}

function outcome({ done, failed }: DeskView): string {
  if (failed !== null)
    return `<div class="say bad" role="alert"><strong>That did not work.</strong> ${e(failed.why)}</div>`
  return done === null || !Object.hasOwn(doneTexts, done)
    ? ''
    : `<div class="say" role="status">${e(doneTexts[done])}</div>`
}

function wrong(view: DeskView): string {
  const { standing, clock, tasks } = view
  const complaints = standing.complaints.map(
    ({ text, validFrom }) =>
      `<p class="what">${e(text)}</p><p class="from">open since ${e(clock.dateTime(validFrom))}</p>`,
  )
  const troubles = standing.troubles.map(
    (trouble) => `<p class="what">${e(troubleText(trouble, clock.date(trouble.time)))}</p>`,
  )
  const waiting = tasks.filter(({ state }) => state !== 'resolved').map((task) => taskBlock(view, task))
  const rows = [...complaints, ...troubles, ...waiting]
  return rows.length === 0
    ? '<p>Nothing that is known.</p>'
    : `<ul class="cards">${rows.map((row) => `<li>${row}</li>`).join('')}</ul>`
}

function troubleText({ kind, order, reason }: Standing['troubles'][number], date: string): string {
  const which = order === null ? 'An order' : `Order ${order}`
  const why = reason === '' ? '' : `: ${reason}`
  const texts = {
    late: `${which} is late (${date})${why}`,
    'delivery-failed': `${which} could not be delivered (${date})${why}`,
    'payment-failed': `${order === null ? 'A payment' : `The payment of order ${order}`} failed (${date})${why}`,
    returned: `${which}: something came back (${date})${why}`,
  } as const
  return texts[kind]
}

function taskBlock(view: DeskView, task: TaskView): string {
  const { staff, clock, now, names } = view
  const path = `/desk/tasks/${task.id}`
  const about = `task ${task.id}`
  const isMine = task.owner === staff.actor
  const notes = task.notes.map(
    ({ author, time, text }) =>
      `${e(text)} <span class="soft">${e(names.get(author.replace(/^person:/, '')) ?? author)}, ${e(clock.dateTime(time))}</span>`,
  )
  const head = `<p class="what">Task: ${e(task.reason)}</p><p class="from">${marks(task, now, clock, names)}</p>${task.note === '' ? '' : `<p>${e(task.note)}</p>`}${list(notes)}`
  const isAdmin = staff.session.person.role === 'admin'
  const take = task.state === 'open' ? deskForm(staff, path, {}, deskButton('claim', 'Take it', about, 'now')) : ''
  const release =
    task.state === 'claimed' && (isMine || isAdmin)
      ? deskForm(staff, path, {}, deskButton('release', 'Give it back', about))
      : ''
  if (!isMine && !isAdmin && task.owner !== null) return head
  const outcomes = usualOutcomes.map((one) => `<option>${e(one)}</option>`).join('')
  const settles =
    typeof task.data.complaint === 'string'
      ? `<label class="check"><input type="checkbox" name="settles" value="yes"><span>The complaint is settled</span></label>`
      : ''
  const end = `<label for="outcome-${task.id}">What came of it</label><select id="outcome-${task.id}" name="outcome">${outcomes}</select>
<label for="note-${task.id}">Note</label><textarea id="note-${task.id}" name="note" rows="2" maxlength="4000"></textarea>${settles}
<div class="row">${deskButton('resolve', 'Resolve', about, 'now')}${deskButton('note', 'Only note', about)}</div>`
  return head + take + release + fold('Note or resolve', deskForm(staff, path, {}, end, true), about)
}

function say({ customer, standing: { brief }, memory }: DeskView): string {
  const language = memory.parts.identity.find(({ kind }) => kind === 'language')
  const first =
    customer.name === null
      ? '<p>No name is known: ask for it.</p>'
      : `<p>Address: <strong>${e(customer.name)}</strong>${language ? `, speaks ${e(String(language.value))}` : ''}</p>`
  const named = brief.named.filter(isSaid).slice(0, 15).map(statement)
  const general = brief.general.slice(0, 8).map(statement)
  return `${first}${named.length > 0 ? `<h3>He told it himself: may be named</h3>${list(named)}` : ''}${
    general.length > 0 ? `<h3>Only in general terms: it was seen, not told</h3>${list(general)}` : ''
  }`
}

/** How he is called and reached stands at the top. */
const isSaid = ({ kind, subject }: MemoryStatement) => kind !== 'attribute' || !/name|mail|phone/i.test(subject)

const statement = ({ text, from }: MemoryStatement) => `${e(text)} <span class="soft">${e(from)}</span>`

function offer({ offer: { items, withheld } }: DeskView): string {
  const reasons = {
    complaint: 'Nothing, until the complaint is settled.',
    minor: 'Nothing: he is a minor.',
    nothing: 'Nothing suits at the moment.',
  } as const
  if (withheld !== null) return `<p>${reasons[withheld]}</p>`
  const rows = items.map(({ id, title, text, price, currency }) => {
    const cost =
      price === null || currency === null
        ? ''
        : ` <span class="soft">${fromMinorUnits(price, currency)} ${e(currency)}</span>`
    return `<strong>${e(title ?? id)}</strong>${cost}<br>${e(text)}`
  })
  return list(rows)
}

function avoid({ standing: { brief, hidden }, clock }: DeskView): string {
  const gifts = hidden.map((gift) => giftText(gift, clock.date(gift.until)))
  const parts = [
    ['Presents for others, until their day', gifts],
    ['He does not want it', brief.refused.map(statement)],
    ['Sensitive: only if he speaks of it himself', brief.sensitive.map(statement)],
    ['Guesses: they may be wrong', brief.guesses.slice(0, 10).map(statement)],
  ] as const
  const html = parts.map(([title, rows]) => (rows.length === 0 ? '' : `<h3>${title}</h3>${list(rows)}`)).join('')
  return html === '' ? '<p>Nothing in particular.</p>' : html
}

function giftText({ title, item, recipient }: HiddenGift, until: string): string {
  return `${e(title ?? item)} <span class="soft">for ${e(recipient)}, until ${e(until)}</span>`
}

function acts(view: DeskView): string {
  const { staff, who, orders, consent, merges, memory } = view
  const path = `/desk/customers/${encodeURIComponent(who.value)}?kind=${encodeURIComponent(who.kind)}`
  /** One button with what it needs to know; it stands open where it has just failed. */
  const part = (act: string, title: string, label: string, inner: string, look = 'now') => {
    const row = `<div class="row">${deskButton(act, label, '', look)}</div>`
    return fold(title, deskForm(staff, path, {}, inner + row, true), '', view.failed?.act === act)
  }
  const options = orders.map(({ number }) => `<option>${e(number)}</option>`).join('')
  const marketing = consent.purposes.find(({ purpose }) => purpose === 'marketing')
  const complaint = `<label for="complaint">What went wrong, in his words</label><textarea id="complaint" name="text" rows="3" maxlength="2000"></textarea>
<label for="order">Order</label><select id="order" name="order"><option value="">none in particular</option>${options}</select>`
  const call = `<label for="due">When (${e(view.timeZone)})</label><input type="datetime-local" id="due" name="due">
<label for="about">About</label><input type="text" id="about" name="note" maxlength="500">`
  const stop = `<p>No advertising on any channel from now on. What he ordered is still told to him.</p>
<label class="check"><input type="checkbox" name="sure" value="yes"><span>He asked for it</span></label>`
  const facts = correctable(memory).flatMap((one, i) => correction(view, path, one, i))
  const joined = merges.map(
    ({ id, identifiers, time }) =>
      `<div class="card"><div>${e(identifiers.map(({ kind, value }) => `${kind} ${value}`).join(', '))} <span class="soft">joined ${e(view.clock.dateTime(time))}</span></div>${deskForm(staff, path, { merge: String(id) }, deskButton('undo', 'They are two people', `merge ${id}`, 'stop'))}</div>`,
  )
  const words = `<label for="words">Note</label><textarea id="words" name="text" rows="2" maxlength="2000"></textarea>`
  return [
    part('complaint', 'Record a complaint', 'Record it', complaint),
    part('call', 'Promise a call back', 'Promise it', call),
    part('note', 'Add a note', 'Keep it', words),
    part('link', 'Send him the link to his own page', 'Send it', '<p>By e-mail, to the address that is known.</p>'),
    marketing?.answer === 'denied'
      ? '<p class="soft">He gets no advertising: he refused it.</p>'
      : part('stop', 'Stop all messages', 'Stop them', stop, 'stop'),
    facts.length === 0
      ? ''
      : fold('Correct a fact', `<ul class="cards">${facts.map((row) => `<li>${row}</li>`).join('')}</ul>`),
    joined.length === 0
      ? ''
      : fold('Undo a merge', `<ul class="cards">${joined.map((row) => `<li>${row}</li>`).join('')}</ul>`),
  ].join('')
}

function correction({ staff }: DeskView, path: string, one: MemoryStatement, i: number): string[] {
  const fields = correctionFields(one)
  if (fields === null) return []
  const inputs = fields.map(({ name, value, choices }) => {
    const id = `fact-${i}-${name}`
    const label = `<label for="${id}">${e(name === 'value' ? one.text : name)}</label>`
    if (choices === null)
      return `${label}<input type="text" id="${id}" name="${name}" value="${e(value)}" maxlength="500">`
    const options = choices.map((choice) => `<option${choice === value ? ' selected' : ''}>${e(choice)}</option>`)
    return `${label}<select id="${id}" name="${name}">${options.join('')}</select>`
  })
  const buttons = `<div class="row">${deskButton('correct', 'Save', one.text)}${deskButton('delete', 'Delete', one.text, 'stop')}</div>`
  const title = fields.length > 1 ? `<p class="what">${e(one.text)}</p>` : ''
  return [title + deskForm(staff, path, { fact: one.id }, inputs.join('') + buttons, true)]
}
