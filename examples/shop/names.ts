/** Names and streets of nobody in particular. */
const list = (text: string): readonly string[] => text.split(' ')

export const womensNames = list(
  'Emma Olivia Sofia Ava Mia Amelia Clara Ruth Grace Nora Lena Maya Alice Irene Julia Hannah Leila Naomi Rosa Vera Tessa Joan Edith Carmen Ingrid Paula Dora Yuki Priya Fatima',
)
export const mensNames = list(
  'Liam Noah Oliver James Lucas Henry Theo Samuel Daniel Walter Felix Oscar Hugo Martin Peter Adam Victor Omar David Thomas Marco Jonas Ivan Kenji Arjun Diego Paul Simon Frank Louis',
)
export const familyNames = list(
  'Keller Novak Reyes Okafor Lindgren Moretti Sato Murphy Haddad Schmidt Kowalski Silva Jensen Patel Brooks Carter Dubois Evans Fischer Garcia Hughes Ito Jacobs Kaplan Larsen Meyer Nguyen Ortiz Park Quinn Rossi Stone Tanaka Ueda Vargas Weber Young Zimmer Abbott Bauer Cohen Diaz Ellis Foster Gray Hoffman',
)
export const streets = list(
  'Maple Oak Cedar Pine Elm Harbor Mill Church Park River Lake Hill Spring Garden Market Station',
)
