// A small terminal: what a guest writes to its serial line becomes rows of styled text, as on a VT100 with colours.
// The page gets this class by its own source text, so it must not refer to anything outside itself.

export interface Cell {
  letter: string
  /** Names of the page's styles: `f1 g4 bold under`. */
  style: string
}

export class Terminal {
  readonly columns: number
  readonly rows: number
  /** What scrolled off the top, oldest first. */
  readonly past: Cell[][] = []
  screen: Cell[][]
  row = 0
  column = 0
  isCursorShown = true
  #answer: (text: string) => void
  #top = 0
  #bottom: number
  #saved = { row: 0, column: 0 }
  #style = { front: '', back: '', bold: false, under: false, inverse: false }
  #pending = ''
  #wrapsNext = false
  #keptPast: number

  /** @param answer where replies to the guest's questions go, such as where the cursor is. */
  constructor(answer: (text: string) => void, columns = 80, rows = 24, keptPast = 2000) {
    this.columns = columns
    this.rows = rows
    this.#answer = answer
    this.#bottom = rows - 1
    this.#keptPast = keptPast
    this.screen = Array.from({ length: rows }, () => this.#blankRow())
  }

  /** Takes text as it comes; a sequence may be cut anywhere. */
  write(text: string): void {
    const input = this.#pending + text
    this.#pending = ''
    // CSI, OSC, character sets, and the short sequences; the last alternative is a sequence that is not complete yet.
    const sequences =
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
      /\x1b\[([?>=]?)([\d;]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()#].|\x1b([7-9=>A-Zc])|\x1b(?:\[[?>=\d; -/]*|\][^\x07\x1b]*|[()#])?$/g
    let from = 0
    for (const found of input.matchAll(sequences)) {
      this.#print(input.slice(from, found.index))
      from = found.index + found[0].length
      const [whole, mark, numbers, final, short] = found
      if (final) this.#control(mark ?? '', (numbers ?? '').split(';').map(Number), final)
      else if (short) this.#short(short)
      else if (from === input.length && /^.(?:\[[^@-~]*|\][^\\]*|[()#])?$/s.test(whole) && !whole.endsWith('\x07'))
        this.#pending = whole.length < 1000 ? whole : ''
    }
    this.#print(input.slice(from))
  }

  /** A row as stretches of one style each; spaces after the last letter are left out unless they are coloured. */
  stretches(cells: Cell[]): Cell[] {
    const result: Cell[] = []
    for (const { letter, style } of cells) {
      const last = result.at(-1)
      if (last?.style === style) last.letter += letter
      else result.push({ letter, style })
    }
    const end = result.at(-1)
    if (end && end.style === '') end.letter = end.letter.trimEnd()
    return result
  }

  #print(text: string): void {
    for (const letter of text) {
      if (letter === '\n' || letter === '\v' || letter === '\f') this.#lineFeed()
      else if (letter === '\r') this.#to(this.row, 0)
      else if (letter === '\b') this.#to(this.row, this.column - 1)
      else if (letter === '\t') this.#to(this.row, (this.column | 7) + 1)
      else if (letter >= ' ' && letter !== '\x7f') this.#put(letter)
    }
  }

  #put(letter: string): void {
    if (this.#wrapsNext) {
      this.#to(this.row, 0)
      this.#lineFeed()
    }
    this.screen[this.row]![this.column] = { letter, style: this.#styleName() }
    if (this.column === this.columns - 1) this.#wrapsNext = true
    else this.column += 1
  }

  #styleName(): string {
    const { front, back, bold, under, inverse } = this.#style
    const colours = inverse
      ? [`f${back || 'back'}`, `g${front || 'front'}`]
      : [front && `f${front}`, back && `g${back}`]
    return [...colours, bold && 'bold', under && 'under'].filter(Boolean).join(' ')
  }

  #blankRow = (): Cell[] => Array.from({ length: this.columns }, () => ({ letter: ' ', style: '' }))

  #to(row: number, column: number): void {
    this.row = Math.max(0, Math.min(this.rows - 1, row))
    this.column = Math.max(0, Math.min(this.columns - 1, column))
    this.#wrapsNext = false
  }

  #lineFeed(): void {
    if (this.row === this.#bottom) this.#scroll(1)
    else this.#to(this.row + 1, this.column)
    this.#wrapsNext = false
  }

  /** Up by `count` lines within the scrolling region, down where negative. */
  #scroll(count: number, top = this.#top): void {
    for (let i = 0; i < Math.min(Math.abs(count), this.rows); i++) {
      const [gone] = this.screen.splice(count > 0 ? top : this.#bottom, 1)
      this.screen.splice(count > 0 ? this.#bottom : top, 0, this.#blankRow())
      if (count > 0 && top === 0) this.past.push(gone!)
    }
    if (this.past.length > this.#keptPast) this.past.splice(0, this.past.length - this.#keptPast)
  }

  #short(letter: string): void {
    if (letter === '7') this.#saved = { row: this.row, column: this.column }
    else if (letter === '8') this.#to(this.#saved.row, this.#saved.column)
    else if (letter === 'D') this.#lineFeed()
    else if (letter === 'E') {
      this.#to(this.row, 0)
      this.#lineFeed()
    } else if (letter === 'M') {
      if (this.row === this.#top) this.#scroll(-1)
      else this.#to(this.row - 1, this.column)
    } else if (letter === 'Z') this.#answer('\x1b[?1;2c')
    else if (letter === 'c') this.#reset()
  }

  #reset(): void {
    this.screen = this.screen.map(() => this.#blankRow())
    this.#style = { front: '', back: '', bold: false, under: false, inverse: false }
    this.#top = 0
    this.#bottom = this.rows - 1
    this.isCursorShown = true
    this.#to(0, 0)
  }

  #control(mark: string, numbers: number[], final: string): void {
    if (mark === '?' && numbers.includes(25) && /[hl]/.test(final)) this.isCursorShown = final === 'h'
    if (mark === '?' && /[hl]/.test(final) && numbers.some((one) => one === 47 || one === 1047 || one === 1049))
      this.#erase(2)
    if (mark) return
    const first = numbers[0] ?? 0
    const count = Math.min(first || 1, 1000)
    const { row, column } = this
    const line = this.screen[row]!
    const blanks = (many: number) => this.#blankRow().slice(0, many)
    const moves: Record<string, () => void> = {
      A: () => this.#to(row - count, column),
      B: () => this.#to(row + count, column),
      C: () => this.#to(row, column + count),
      D: () => this.#to(row, column - count),
      E: () => this.#to(row + count, 0),
      F: () => this.#to(row - count, 0),
      G: () => this.#to(row, count - 1),
      H: () => this.#to(count - 1, (numbers[1] || 1) - 1),
      f: () => this.#to(count - 1, (numbers[1] || 1) - 1),
      d: () => this.#to(count - 1, column),
      J: () => this.#erase(first),
      K: () => this.#eraseLine(first),
      L: () => this.#scroll(-count, row),
      M: () => this.#scroll(count, row),
      S: () => this.#scroll(count),
      T: () => this.#scroll(-count),
      P: () => void line.push(...blanks(line.splice(column, count).length)),
      '@': () => {
        line.splice(column, 0, ...blanks(count))
        line.length = this.columns
      },
      X: () => void line.splice(column, count, ...blanks(Math.min(count, this.columns - column))),
      m: () => this.#colour(numbers),
      n: () => this.#answer(first === 6 ? `\x1b[${row + 1};${column + 1}R` : '\x1b[0n'),
      c: () => this.#answer('\x1b[?1;2c'),
      s: () => this.#short('7'),
      u: () => this.#short('8'),
      r: () => {
        const bottom = (numbers[1] || this.rows) - 1
        if (count - 1 >= bottom || bottom >= this.rows) return
        this.#top = count - 1
        this.#bottom = bottom
        this.#to(0, 0)
      },
    }
    moves[final]?.()
  }

  #erase(kind: number): void {
    if (kind < 2) this.#eraseLine(kind)
    this.screen = this.screen.map((line, index) =>
      kind >= 2 || (kind === 0 ? index > this.row : index < this.row) ? this.#blankRow() : line,
    )
  }

  #eraseLine(kind: number): void {
    const line = this.screen[this.row]!
    this.screen[this.row] = line.map((cell, index) =>
      kind >= 2 || (kind === 0 ? index >= this.column : index <= this.column) ? { letter: ' ', style: '' } : cell,
    )
  }

  #colour(numbers: number[]): void {
    for (let i = 0; i < numbers.length; i++) {
      const one = numbers[i]!
      const style = this.#style
      if (one === 0) this.#style = { front: '', back: '', bold: false, under: false, inverse: false }
      else if (one === 1) style.bold = true
      else if (one === 4) style.under = true
      else if (one === 7) style.inverse = true
      else if (one === 22) style.bold = false
      else if (one === 24) style.under = false
      else if (one === 27) style.inverse = false
      else if (one >= 30 && one <= 37) style.front = String(one - 30)
      else if (one === 39) style.front = ''
      else if (one >= 40 && one <= 47) style.back = String(one - 40)
      else if (one === 49) style.back = ''
      else if (one >= 90 && one <= 97) style.front = String(one - 82)
      else if (one >= 100 && one <= 107) style.back = String(one - 92)
      // 256 and true colours: the numbers that belong to them are passed over.
      else if (one === 38 || one === 48) i += numbers[i + 1] === 5 ? 2 : 4
    }
  }
}
