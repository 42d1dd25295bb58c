"""What never reaches a student: chapters become notebooks, notebooks a book, and the library a student edition."""
